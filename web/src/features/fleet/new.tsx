/** Gives runners something to do: a command or a coding agent, where, what is brought back, and who does it. */
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import type { CreateRemote, Deliver, RemoteEngine } from "@/shared/wire";
import { fieldProblem, Problem } from "@/shared/problem";
import { runKeys } from "@/shared/runs";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { Choice, TextArea, TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Arguments } from "./arguments";

const DELIVER: Record<Deliver, string> = {
  diff: "shown as a diff; the folder is as it was",
  branch: "committed to a branch of its own, too",
  push: "pushed to origin as a branch, too",
};

/** Fields that show their own problem. */
const FIELDS = ["engine.argv", "engine.name", "engine.prompt", "folder", "collect", "bounds.minutes"].map(
  (field) => `order.${field}`,
);

/** Who does what this form orders. */
type Kind = Exclude<RemoteEngine["kind"], "mcp">;

interface NewOrderProps {
  project: string;
  runners: readonly Schemas["ServingRunner"][];
  onClose: () => void;
}

export function NewOrder({ project, runners, onClose }: NewOrderProps) {
  const navigate = useNavigate();
  const [kind, setKind] = useState<Kind>("command");
  const [argv, setArgv] = useState<string[]>([]);
  const order = useMutation({
    mutationFn: (body: CreateRemote) => api.post<Schemas["Run"]>(`/projects/${project}/fleet/runs`, body),
    onSuccess: ({ id }) => {
      void client.invalidateQueries({ queryKey: runKeys.list(project) });
      onClose();
      void navigate({ to: "/projects/$project/runs/$run", params: { project, run: id } });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    order.mutate(read(new FormData(event.currentTarget), kind, argv));
  };
  const problem = (field: string) => fieldProblem(order.error, `order.${field}`);
  const elsewhere = order.error instanceof Problem && FIELDS.includes(String(order.error.details?.["field"]));
  return (
    <Dialog open onClose={onClose} title="Do something on a machine">
      <form onSubmit={submit} className="flex min-h-0 flex-col gap-4 overflow-y-auto p-4">
        <Choice
          label="What"
          value={kind}
          onChange={({ target }) => setKind(target.value === "agent" ? "agent" : "command")}
        >
          <option value="command">A command</option>
          <option value="agent">A coding agent</option>
        </Choice>
        {kind === "command" ? (
          <Arguments argv={argv} onArgv={setArgv} error={problem("engine.argv")} />
        ) : (
          <>
            <TextField
              label="Agent"
              name="agent"
              required
              maxLength={40}
              spellCheck={false}
              help="As the runner calls it."
              error={problem("engine.name")}
            />
            <TextArea
              label="What it is to do"
              name="prompt"
              required
              rows={4}
              maxLength={32_000}
              error={problem("engine.prompt")}
            />
            <label className="flex items-start gap-2 text-sm text-ink-2">
              <input type="checkbox" name="decompose" className="mt-0.5 size-4 accent-accent" />
              Plan first: it divides this into tasks and changes nothing; they are done once somebody has agreed to
              them.
            </label>
          </>
        )}
        <Choice label="What it changes is" name="deliver" defaultValue="diff">
          {Object.entries(DELIVER).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </Choice>
        <div className="grid grid-cols-2 gap-3">
          <Choice label="Runner" name="runner" defaultValue="">
            <option value="">any that can</option>
            {runners.map(({ id, name, present }) => (
              <option key={id} value={id}>
                {name}
                {!present && ", absent"}
              </option>
            ))}
          </Choice>
          <TextField
            label="Minutes at most"
            name="minutes"
            type="number"
            required
            min={1}
            max={1_440}
            defaultValue={60}
            error={problem("bounds.minutes")}
          />
        </div>
        <TextField
          label="Folder"
          name="folder"
          maxLength={500}
          spellCheck={false}
          placeholder="crates/store"
          help="Within the project’s folder; that itself, if none is named."
          error={problem("folder")}
        />
        <TextArea
          label="Files to bring back"
          name="collect"
          rows={2}
          spellCheck={false}
          placeholder="target/report.html"
          help="A path within the project’s folder on each line, 50 at most."
          error={problem("collect")}
        />
        {order.error && !elsewhere && <Failure error={order.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button type="submit" look="main" disabled={kind === "command" && !argv[0]} busy={order.isPending}>
            Do it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What stands in the form. */
function read(data: FormData, kind: Kind, argv: string[]): CreateRemote {
  const text = (name: string) => String(data.get(name) ?? "").trim();
  const [folder, runner] = [text("folder"), text("runner")];
  const collect = text("collect")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return {
    order: {
      engine: kind === "command" ? { kind, argv } : { kind, name: text("agent"), prompt: text("prompt") },
      ...(folder && { folder }),
      ...(collect.length > 0 && { collect }),
      deliver: text("deliver") as Deliver,
      bounds: { minutes: Number(text("minutes")) },
    },
    ...(runner && { runner }),
    ...(data.has("decompose") && { decompose: true }),
  };
}
