/** The head of a run's page: what was ordered, how far it is, and what can be done about it. */
import { Pause, Play, Square } from "lucide-react";
import { took } from "@/engines/reasons";
import { hasEnded, isHeld, progress } from "@/engines/run";
import { useNow } from "@/shared/now";
import { useMay } from "@/shared/place";
import { ago, exact } from "@/shared/time";
import { Button } from "@/shared/ui/button";
import { Bar } from "@/shared/ui/parts";
import { seenState, StateBadge } from "@/shared/ui/run-state";
import type { RunActions } from "./actions";
import type { RunView } from "./view";

export function Head({ view: { detail }, actions }: { view: RunView; actions: RunActions }) {
  const { run, steps } = detail;
  /** Nothing moves until somebody has answered. */
  const asks =
    seenState(run) === "running" &&
    steps.some(({ state }) => state === "waiting") &&
    !steps.some(({ state }) => isHeld(state));
  const editor = useMay("editor");
  const ended = hasEnded(run.state);
  return (
    <header className="flex shrink-0 flex-col gap-2 border-b border-line px-6 py-3">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div className="min-w-0 grow basis-60">
          <h1 className="text-lg leading-snug font-semibold wrap-anywhere">{run.title}</h1>
          <p className="text-sm text-ink-3">
            <time dateTime={run.createdAt} title={exact(run.createdAt)}>
              Ordered {ago(run.createdAt)}
            </time>
            <Elapsed view={run} />
          </p>
        </div>
        {editor && !ended && (
          <div className="flex gap-2">
            {run.paused ? (
              <Button busy={actions.resume.isPending} onClick={() => actions.resume.mutate()}>
                <Play /> Go on
              </Button>
            ) : (
              <Button busy={actions.pause.isPending} onClick={() => actions.pause.mutate()}>
                <Pause /> Pause
              </Button>
            )}
            <Button
              look="danger"
              busy={actions.cancel.isPending || Boolean(run.askedAt)}
              onClick={() => actions.cancel.mutate()}
            >
              <Square /> Cancel
            </Button>
          </div>
        )}
      </div>
      <div className="flex items-center gap-3 text-sm">
        <StateBadge state={asks ? "waiting" : seenState(run)} />
        <Bar
          role="progressbar"
          label="Progress of the run"
          value={progress(run)}
          tone={run.failed > 0 ? "bad" : run.state === "complete" ? "good" : "accent"}
          className="max-w-sm grow"
        />
        <span className="text-ink-2 tabular-nums">{Math.round(progress(run) * 100)} %</span>
        <span className="text-ink-3 tabular-nums">{counted(run)}</span>
      </div>
      {run.paused && !ended && (
        <p className="text-sm text-warn">{run.paused} What is under way is finished; nothing new begins.</p>
      )}
    </header>
  );
}

function Elapsed({ view: { startedAt, endedAt } }: { view: RunView["detail"]["run"] }) {
  const now = useNow(Boolean(startedAt) && !endedAt);
  if (!startedAt) return null;
  const until = endedAt ? Date.parse(endedAt) : Math.max(now, Date.parse(startedAt));
  return <span className="tabular-nums"> · {took(until - Date.parse(startedAt))}</span>;
}

/** `9 of 16 steps, 1 failed`. */
function counted({ total, complete, failed, cancelled }: RunView["detail"]["run"]): string {
  const rest = [failed > 0 && `${failed} failed`, cancelled > 0 && `${cancelled} cancelled`].filter(Boolean);
  return [`${complete} of ${total} ${total === 1 ? "step" : "steps"}`, ...rest].join(", ");
}
