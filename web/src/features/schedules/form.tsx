/** A schedule of work that the departments do: what is ordered, and when. */
import { Link } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { fieldProblem, Problem } from "@/shared/problem";
import { type Said, useSaveSchedule } from "@/shared/schedules";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { Check, TextArea, TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import { PriorityChoice } from "@/shared/ui/priority";
import { TIMES, Times, timesIn } from "@/shared/ui/times";
import type { Schedule, ScheduledOrder, Schemas } from "@/shared/wire";

type Task = Extract<ScheduledOrder, { kind: "task" }>;

/** Fields of the form that the server may refuse; what is wrong with others is told below it. */
const FIELDS = ["name", "task", "order.task", ...TIMES];

interface ScheduleFormProps {
  project: string;
  /** The one that is changed; none if one is made. */
  schedule?: Schedule | undefined;
  onClose: () => void;
}

export function ScheduleForm({ project, schedule, onClose }: ScheduleFormProps) {
  const save = useSaveSchedule(project, schedule, onClose);
  const before = schedule?.order.kind === "task" ? schedule.order : undefined;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    save.mutate(read(new FormData(event.currentTarget), before));
  };
  const problem = (field: string) => fieldProblem(save.error, field);
  const elsewhere = save.error instanceof Problem && FIELDS.includes(String(save.error.details?.["field"]));
  return (
    <Dialog open onClose={onClose} title={schedule ? `Change ${schedule.name}` : "New schedule"}>
      <form onSubmit={submit} className="flex min-h-0 flex-col gap-4 overflow-y-auto p-4">
        <TextField
          label="Name"
          name="name"
          required
          maxLength={120}
          defaultValue={schedule?.name}
          error={problem("name")}
        />
        <TextArea
          label="Order"
          name="task"
          required
          rows={2}
          maxLength={10_000}
          placeholder="Prepare tomorrow’s call sheets"
          defaultValue={before?.task}
          help={
            !schedule && (
              <>
                For something on a machine, go to{" "}
                <Link to="/projects/$project/fleet" params={{ project }} className="text-accent underline">
                  the fleet
                </Link>
                .
              </>
            )
          }
          error={problem("task") ?? problem("order.task")}
        />
        <Times given={schedule} problem={problem} />
        <PriorityChoice given={before?.priority} />
        <div className="flex flex-col gap-2">
          <Check name="oneByOne" defaultChecked={before?.oneByOne ?? false}>
            Scene by scene, where that can be done
          </Check>
          <Check name="autoIngest" defaultChecked={before?.autoIngest ?? false}>
            Save what scores above 75 % without asking
          </Check>
        </div>
        {save.error && !elsewhere && <Failure error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button type="submit" look="main" busy={save.isPending}>
            {schedule ? "Save" : "Schedule it"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What stands in the form; what it does not ask stays as it was. */
function read(data: FormData, before: Task | undefined): Said {
  const text = (name: string) => String(data.get(name) ?? "").trim();
  return {
    name: text("name"),
    order: {
      ...before,
      kind: "task",
      task: text("task"),
      priority: text("priority") as Schemas["Priority"],
      autoIngest: data.get("autoIngest") !== null,
      oneByOne: data.get("oneByOne") !== null,
    },
    ...timesIn(data),
  };
}
