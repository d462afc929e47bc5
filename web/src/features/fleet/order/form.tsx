/** Gives runners something to do, now or on a schedule: what, where, what is brought back, within which bounds, and who does it. */
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { written } from "@/engines/money";
import { useOrder } from "@/shared/order";
import { fieldProblem, Problem } from "@/shared/problem";
import { useSaveSchedule } from "@/shared/schedules";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { Choice, TextArea, TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import { PriorityChoice } from "@/shared/ui/priority";
import { TIMES, Times, timesIn } from "@/shared/ui/times";
import type { Deliver, RemoteEngine, Schedule, Schemas } from "@/shared/wire";
import { Bound } from "../bound";
import { Arguments } from "./arguments";
import { AgentPart, ToolPart } from "./engine";
import { read } from "./read";

const KINDS: Record<RemoteEngine["kind"], string> = {
  command: "A command",
  agent: "A coding agent",
  mcp: "A tool",
};

const DELIVER: Record<Deliver, string> = {
  diff: "shown as a diff; the folder is as it was",
  branch: "committed to a branch of its own, too",
  push: "pushed to origin as a branch, too",
};

/** Fields that show their own problem. */
const FIELDS = [
  ...["engine.argv", "engine.name", "engine.prompt", "engine.server", "engine.tool", "engine.arguments"],
  ...["folder", "collect", "bounds.minutes", "bounds.memoryMib", "bounds.outputMib"],
  ...["bounds.tokens", "bounds.costMicros"],
].map((field) => `order.${field}`);

interface OrderFormProps {
  project: string;
  runners: readonly Schemas["ServingRunner"][];
  /** The schedule whose order is changed; none if something new is ordered. */
  schedule?: Schedule | undefined;
  onClose: () => void;
}

export function OrderForm({ project, runners, schedule, onClose }: OrderFormProps) {
  const navigate = useNavigate();
  const given = schedule?.order.kind === "fleet" ? schedule.order : undefined;
  const engine = given?.order.engine;
  const bounds = given?.order.bounds;
  const [kind, setKind] = useState(engine?.kind ?? "command");
  const [argv, setArgv] = useState<string[]>(engine?.kind === "command" ? engine.argv : []);
  const [tool, setTool] = useState<Record<string, unknown> | null>(
    engine?.kind === "mcp" ? (engine.arguments ?? {}) : {},
  );
  const [looks, setLooks] = useState(given?.order.readOnly ?? false);
  const [later, setLater] = useState(schedule !== undefined);
  const order = useOrder(project, onClose);
  const plan = useSaveSchedule(project, schedule, () => {
    onClose();
    void navigate({ to: "/projects/$project/schedules", params: { project } });
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const said = read(data, kind, argv, tool ?? {});
    if (!later) return order.mutate(said);
    plan.mutate({ name: String(data.get("name")).trim(), order: { kind: "fleet", ...said }, ...timesIn(data) });
  };
  const { error, isPending } = later ? plan : order;
  const problem = (field: string) => fieldProblem(error, field);
  const shown = [...FIELDS, "title", ...(later ? ["name", ...TIMES] : [])];
  const elsewhere = error instanceof Problem && shown.includes(String(error.details?.["field"]));
  const nothing = (kind === "command" && !argv[0]) || (kind === "mcp" && !tool);
  const known = (what: "agents" | "tools") => [...new Set(runners.flatMap((runner) => runner[what]))];
  return (
    <Dialog open onClose={onClose} title={schedule ? `Change ${schedule.name}` : "Do something on a machine"}>
      <form onSubmit={submit} className="flex min-h-0 flex-col gap-4 overflow-y-auto p-4">
        <Choice label="What" value={kind} onChange={({ target }) => setKind(target.value as RemoteEngine["kind"])}>
          {Object.entries(KINDS).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </Choice>
        {kind === "command" && <Arguments argv={argv} onArgv={setArgv} error={problem("order.engine.argv")} />}
        {kind === "agent" && (
          <AgentPart
            given={engine?.kind === "agent" ? engine : undefined}
            order={given}
            known={known("agents")}
            looks={looks}
            onLooks={setLooks}
            problem={problem}
          />
        )}
        {kind === "mcp" && (
          <ToolPart
            given={engine?.kind === "mcp" ? engine : undefined}
            known={known("tools")}
            onGiven={setTool}
            problem={problem}
          />
        )}
        <TextField
          label="Folder"
          name="folder"
          maxLength={500}
          spellCheck={false}
          placeholder="crates/store"
          defaultValue={given?.order.folder ?? ""}
          help="Within the project’s folder; that itself, if none is named."
          error={problem("order.folder")}
        />
        {!(kind === "agent" && looks) && (
          <>
            <Choice label="What it changes is" name="deliver" defaultValue={given?.order.deliver ?? "diff"}>
              {Object.entries(DELIVER).map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </Choice>
            <TextArea
              label="Files to bring back"
              name="collect"
              rows={2}
              spellCheck={false}
              placeholder="target/report.html"
              defaultValue={given?.order.collect?.join("\n")}
              help="A path within the project’s folder on each line, 50 at most."
              error={problem("order.collect")}
            />
          </>
        )}
        <div className="grid grid-cols-2 gap-3">
          <Choice label="Runner" name="runner" defaultValue={given?.runner ?? ""}>
            <option value="">any that can</option>
            {given?.runner && !runners.some(({ id }) => id === given.runner) && (
              <option value={given.runner}>one that does not serve the project now</option>
            )}
            {runners.map(({ id, name, present }) => (
              <option key={id} value={id}>
                {name}
                {!present && ", absent"}
              </option>
            ))}
          </Choice>
          <PriorityChoice given={given?.priority} />
        </div>
        <fieldset className="flex min-w-0 flex-col gap-2">
          <legend className="mb-2 text-sm font-semibold">At most</legend>
          <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">
            <TextField
              label="Minutes"
              name="minutes"
              type="number"
              required
              min={1}
              max={1_440}
              defaultValue={bounds?.minutes ?? 60}
              error={problem("order.bounds.minutes")}
            />
            <Bound
              label="MiB of memory"
              name="memoryMib"
              min={16}
              max={4_294_967_295}
              open="the runner’s"
              value={bounds?.memoryMib}
              error={problem("order.bounds.memoryMib")}
            />
            <TextField
              label="MiB of output"
              name="outputMib"
              type="number"
              required
              min={1}
              max={1_024}
              defaultValue={bounds?.outputMib ?? 128}
              error={problem("order.bounds.outputMib")}
            />
            {kind === "agent" && (
              <>
                <Bound
                  label="Tokens"
                  name="tokens"
                  min={1}
                  max={1e12}
                  value={bounds?.tokens}
                  error={problem("order.bounds.tokens")}
                />
                <Bound
                  label="US dollars"
                  name="costMicros"
                  min={0.000_001}
                  max={1e6}
                  value={written(bounds?.costMicros)}
                  error={problem("order.bounds.costMicros")}
                />
              </>
            )}
          </div>
          {kind === "agent" && (
            <p className="text-xs text-ink-3">
              Tokens and dollars are what the agent says. One that goes beyond is ended, and what it did is kept.
            </p>
          )}
        </fieldset>
        <TextField
          label="Title"
          name="title"
          maxLength={200}
          placeholder="made of the order"
          defaultValue={given?.title ?? ""}
          error={problem("title")}
        />
        {!schedule && (
          <Choice
            label="It is ordered"
            value={later ? "later" : "now"}
            onChange={({ target }) => setLater(target.value === "later")}
          >
            <option value="now">once, now</option>
            <option value="later">on a schedule</option>
          </Choice>
        )}
        {later && (
          <>
            <TextField
              label="Name of the schedule"
              name="name"
              required
              maxLength={120}
              defaultValue={schedule?.name}
              error={problem("name")}
            />
            <Times given={schedule} problem={problem} />
          </>
        )}
        {error && !elsewhere && <Failure error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button type="submit" look="main" disabled={nothing} busy={isPending}>
            {schedule ? "Save" : later ? "Schedule it" : "Do it"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
