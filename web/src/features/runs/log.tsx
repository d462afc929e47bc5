/** What a step has logged, read on from where the last part ended while its run goes on. */
import { useQuery } from "@tanstack/react-query";
import { hasEnded } from "@/engines/run";
import { said } from "@/engines/said";
import { logQuery } from "@/shared/runs";
import { exact } from "@/shared/time";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { SaidEntry } from "./said";

/** What one entry says: a message of an agent in words, all else as it stands. */
function Entry({ kind, text }: { kind: string; text: string }) {
  const message = kind === "message" ? said(text) : null;
  if (message) return <SaidEntry said={message} />;
  return (
    <span className="min-w-0 whitespace-pre-wrap wrap-anywhere">
      {kind !== "text" && <span className="text-ink-3">{kind} </span>}
      {text}
    </span>
  );
}

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
  const entries = log.data.entries.filter(({ stepId }) => stepId === step);
  return (
    <div className="flex flex-col gap-2 text-sm">
      {entries.length === 0 && <p className="text-ink-3">It has logged nothing{going ? " yet" : ""}.</p>}
      <div role="log" aria-label="Log">
        <ol className="flex flex-col gap-1 font-mono text-xs">
          {entries.map(({ start, kind, text, at }) => (
            <li key={start} className="flex gap-2">
              <time dateTime={at} title={exact(at)} className="shrink-0 text-ink-3 tabular-nums">
                {at.slice(11, 19)}
              </time>
              <Entry kind={kind} text={text} />
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}
