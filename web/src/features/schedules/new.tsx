/** A schedule that is being made: what is ordered, and when. */
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { pattern } from "@/engines/rhythm";
import { capital } from "@/engines/run";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { fieldProblem, Problem } from "@/shared/problem";
import { keys } from "@/shared/queries";
import { exact } from "@/shared/time";
import { toast } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { Choice, TextArea, TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import type { Schedule, ScheduledOrder, Schemas } from "@/shared/wire";
import { type Often, Times } from "./times";

type Made = Omit<Schemas["NewSchedule"], "order"> & { order: ScheduledOrder };

/** Fields of the form that the server may refuse; what is wrong with others is told below it. */
const FIELDS = ["name", "task", "order.task", "when.at", "when.cron", "when.timeZone"];
const PRIORITIES: readonly Schemas["Priority"][] = ["low", "medium", "high", "critical"];

export function NewSchedule({ project, onClose }: { project: string; onClose: () => void }) {
  const [often, setOften] = useState<Often>("weekdays");
  const make = useMutation({
    mutationFn: (body: Made) => api.post<Schedule>(`/projects/${project}/schedules`, body),
    onSuccess: ({ name, nextAt }) => {
      void client.invalidateQueries({ queryKey: keys.schedules(project) });
      toast({
        level: "success",
        title: `${name} is scheduled`,
        ...(nextAt && { message: `Its first time is ${exact(nextAt)}.` }),
      });
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    make.mutate(read(new FormData(event.currentTarget), often));
  };
  const problem = (field: string) => fieldProblem(make.error, field);
  const elsewhere = make.error instanceof Problem && FIELDS.includes(String(make.error.details?.["field"]));
  return (
    <Dialog open onClose={onClose} title="New schedule">
      <form onSubmit={submit} className="flex min-h-0 flex-col gap-4 overflow-y-auto p-4">
        <TextField label="Name" name="name" required maxLength={120} error={problem("name")} />
        <TextArea
          label="Order"
          name="task"
          required
          rows={2}
          maxLength={10_000}
          placeholder="Prepare tomorrow’s call sheets"
          error={problem("task") ?? problem("order.task")}
        />
        <Times often={often} onOften={setOften} problem={problem} />
        <div className="grid grid-cols-2 gap-3">
          <Choice label="If no server runs then" name="missed" defaultValue="run">
            <option value="run">give it once, later</option>
            <option value="skip">leave it out</option>
          </Choice>
          <Choice label="Priority" name="priority" defaultValue="medium">
            {PRIORITIES.map((one) => (
              <option key={one} value={one}>
                {capital(one)}
              </option>
            ))}
          </Choice>
        </div>
        <div className="flex flex-col gap-2">
          <label className="flex items-center gap-2 text-sm text-ink-2">
            <input type="checkbox" name="oneByOne" className="size-4 accent-accent" />
            Scene by scene, where that can be done
          </label>
          <label className="flex items-center gap-2 text-sm text-ink-2">
            <input type="checkbox" name="autoIngest" className="size-4 accent-accent" />
            Save what scores above 75 % without asking
          </label>
        </div>
        {make.error && !elsewhere && <Failure error={make.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button type="submit" look="main" busy={make.isPending}>
            Schedule it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What stands in the form. */
function read(data: FormData, often: Often): Made {
  const text = (name: string) => String(data.get(name) ?? "").trim();
  return {
    name: text("name"),
    order: {
      kind: "task",
      task: text("task"),
      priority: text("priority") as Schemas["Priority"],
      autoIngest: data.get("autoIngest") !== null,
      oneByOne: data.get("oneByOne") !== null,
    },
    when: when(often, text),
    missed: text("missed") === "skip" ? "skip" : "run",
  };
}

function when(often: Often, text: (name: string) => string): Schemas["When"] {
  // What the field gives is the time of the clocks here.
  if (often === "once") return { kind: "once", at: new Date(text("at")).toISOString() };
  const timeZone = text("timeZone");
  if (often === "pattern") return { kind: "cron", cron: text("cron"), timeZone };
  return { kind: "cron", cron: pattern(often, text("time"), text("day")), timeZone };
}
