/** What a step has logged, read on from where the last part ended while its run goes on. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Logged, logged } from "@/engines/logged";
import { hasEnded } from "@/engines/run";
import { logQuery } from "@/shared/runs";
import { clock, exact } from "@/shared/time";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { Readable } from "@/shared/ui/readable";
import type { Schemas } from "@/shared/wire";

/** How often a run that goes on is looked at for more, in milliseconds: no event tells of its log. */
const LOOK = 1_500;

export function Log({ project, run, step }: { project: string; run: Schemas["Run"]; step: string }) {
  const going = !hasEnded(run.state);
  const log = useQuery({
    ...logQuery(project, run.id),
    refetchInterval: ({ state: { data } }) => (going || (data && data.next < data.end) ? LOOK : false),
  });
  if (log.isPending) return <Skeleton />;
  if (log.error) return <Failure error={log.error} onRetry={() => void log.refetch()} />;
  const entries = logged(log.data.entries.filter(({ stepId }) => stepId === step));
  return (
    <div className="flex flex-col gap-2 text-sm">
      {entries.length === 0 && <p className="text-ink-3">It has logged nothing{going ? " yet" : ""}.</p>}
      <div role="log" aria-label="Log">
        <ol className="flex flex-col gap-1.5">
          {entries.map((entry) => (
            <Entry key={entry.start} entry={entry} />
          ))}
        </ol>
      </div>
    </div>
  );
}

function Entry({ entry: { at, title, words, whole } }: { entry: Logged }) {
  const [open, setOpen] = useState(false);
  const told = (
    <>
      {title !== "" && <span className="font-medium">{title} </span>}
      <span className={title === "" ? "whitespace-pre-wrap text-ink-2" : ""}>{words}</span>
    </>
  );
  return (
    <li className="flex gap-3">
      <time dateTime={at} title={exact(at)} className="w-16 shrink-0 pt-px text-xs leading-5 text-ink-3 tabular-nums">
        {clock(at)}
      </time>
      {whole == null ? (
        <p className="min-w-0 wrap-anywhere">{told}</p>
      ) : (
        <details className="min-w-0 wrap-anywhere" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
          <summary className="w-fit rounded-sm">{told}</summary>
          <div className="border-l border-line py-1 pl-3">{open && <Readable value={whole} />}</div>
        </details>
      )}
    </li>
  );
}
