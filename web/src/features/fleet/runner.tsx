/** A runner that serves a project: whether it is there and given work, what it has to do, what it can do and what it did. */
import { useMutation } from "@tanstack/react-query";
import { abilities, did } from "@/engines/queue";
import { took } from "@/engines/reasons";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { useMay } from "@/shared/place";
import { servingQuery } from "@/shared/queries";
import { useSession } from "@/shared/session";
import { clock } from "@/shared/time";
import { toast, toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Badge, Bar } from "@/shared/ui/parts";
import { Presence } from "@/shared/ui/runner";
import type { Schemas } from "@/shared/wire";

type Runner = Schemas["ServingRunner"];

export function RunnerRow({ project, runner }: { project: string; runner: Runner }) {
  const { name, ownerName, version, platform, busy, slots } = runner;
  return (
    <li aria-label={name} className="flex flex-wrap items-start gap-x-6 gap-y-2 px-6 py-2.5 text-sm">
      <div className="min-w-0 grow basis-72">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium wrap-anywhere">{name}</span>
          <Presence runner={runner} />
          <span className="text-xs text-ink-3">of {ownerName}</span>
          <Rest project={project} runner={runner} />
        </p>
        <p className="flex flex-wrap gap-x-1.5 text-xs text-ink-3">
          <span>{[...(version ? [`Version ${version}`, platform] : []), did(runner, took)].join(" · ")}</span>
        </p>
        {version && <Abilities runner={runner} />}
      </div>
      {version && (
        <div className="flex w-36 flex-col gap-1 pt-0.5">
          <span className="text-xs text-ink-2 tabular-nums">
            {busy} of {slots} at work
          </span>
          <Bar role="meter" label={`Load of ${name}`} value={busy / Math.max(1, slots)} />
        </div>
      )}
    </li>
  );
}

function Abilities({ runner }: { runner: Runner }) {
  const all = abilities(runner);
  if (all.length === 0) return <p className="text-xs text-warn">It runs no commands, and has no coding agent.</p>;
  return (
    <ul aria-label={`What ${runner.name} can do`} className="mt-1 flex flex-wrap gap-1">
      {all.map((one) => (
        <li key={one}>
          <Badge>{one}</Badge>
        </li>
      ))}
    </ul>
  );
}

/** That it is given no work for a while, and the word of somebody who knows better. */
function Rest({ project, runner: { id, name, ownerId, breaker } }: { project: string; runner: Runner }) {
  const owner = useMay("owner");
  const editor = useMay("editor");
  const me = useSession((session) => session.user?.id);
  const reset = useMutation({
    mutationFn: () => api.post(`/projects/${project}/commands`, { line: `health reset ${id}` }),
    onSuccess: () => toast({ level: "success", title: `${name} is given work again` }),
    onError: (error) => toastError(`${name} rests still`, error),
    onSettled: () => client.invalidateQueries({ queryKey: servingQuery(project).queryKey }),
  });
  if (breaker.state === "closed") return null;
  return (
    <>
      <Badge tone="warn">
        {breaker.state === "halfOpen"
          ? "Tried with a few tasks"
          : breaker.until
            ? `Rests until ${clock(breaker.until)}`
            : "Rests"}
      </Badge>
      <span className="text-xs text-ink-3">since much failed there</span>
      {(owner || (editor && me === ownerId)) && (
        <Button className="h-6 px-2" busy={reset.isPending} onClick={() => reset.mutate()}>
          Give it work again
        </Button>
      )}
    </>
  );
}
