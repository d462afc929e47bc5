/** How often a step was tried, and what came of it each time. */
import { took } from "@/engines/reasons";
import type { RunDetail } from "@/engines/run";
import { exact } from "@/shared/time";
import { Badge } from "@/shared/ui/parts";

/** The server's words for what came of an attempt, for people. */
const OUTCOMES: Record<string, string> = {
  complete: "Complete",
  failed: "Failed",
  asked: "Asked a person",
  lost: "Its worker was lost",
  returned: "Given back",
  stalled: "Got on no more",
  timeout: "Took too long",
  unheard: "Did not stop when asked",
  reset: "Done again on request",
};

export function Attempts({ attempts }: { attempts: RunDetail["attempts"] }) {
  if (attempts.length === 0) return <p className="text-sm text-ink-3">None has ended yet.</p>;
  return (
    <ol className="flex flex-col divide-y divide-line text-sm">
      {attempts.map(({ fence, attempt, worker, outcome, error, beganAt, endedAt }) => (
        <li key={fence} className="flex flex-col gap-1 py-2 first:pt-0">
          <p className="flex flex-wrap items-center gap-2">
            <span className="font-medium tabular-nums">{attempt}</span>
            <Badge tone={outcome === "complete" ? "good" : outcome === "failed" ? "bad" : "warn"}>
              {OUTCOMES[outcome] ?? outcome}
            </Badge>
            <span className="text-ink-3 tabular-nums">{took(Date.parse(endedAt) - Date.parse(beganAt))}</span>
            <time dateTime={beganAt} className="ml-auto text-xs text-ink-3">
              {exact(beganAt)}
            </time>
          </p>
          {error && <p className="text-bad wrap-anywhere">{error}</p>}
          <p className="truncate text-xs text-ink-3" title={worker}>
            By {worker}
          </p>
        </li>
      ))}
    </ol>
  );
}
