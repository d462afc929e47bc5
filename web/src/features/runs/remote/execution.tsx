/** What came of a step on a runner: which time is looked at, how that ended, and a part of it: its output or its changes. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { GitBranch } from "lucide-react";
import { useEffect } from "react";
import { thousands, usd } from "@/engines/money";
import { told } from "@/engines/queue";
import { took } from "@/engines/reasons";
import { hasEnded, isHeld, type Step } from "@/engines/run";
import { executionsQuery, fleetQueueQuery } from "@/shared/fleet";
import { followRun } from "@/shared/live";
import type { End, Execution, Outcome, RemoteOrder, Schemas } from "@/shared/wire";
import { useNow } from "@/shared/now";
import { clock, exact } from "@/shared/time";
import { Choice } from "@/shared/ui/field";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import { Asks } from "./asks";
import { Changes } from "./changes";
import { More } from "./more";
import { Output } from "./output";
import { Say } from "./say";

type Look = { name: string; tone: "plain" | "good" | "warn" | "bad" | "accent" };

const ENDS: Record<End, Look> = {
  complete: { name: "Complete", tone: "good" },
  failed: { name: "Failed", tone: "bad" },
  refused: { name: "Refused", tone: "warn" },
  timeout: { name: "Took too long", tone: "bad" },
  memory: { name: "Took too much memory", tone: "bad" },
  budget: { name: "Used more than it may", tone: "bad" },
  cancelled: { name: "Cancelled", tone: "plain" },
  broken: { name: "The runner could not do its part", tone: "bad" },
  lost: { name: "The runner ended", tone: "bad" },
};

interface ExecutedProps {
  project: string;
  run: Schemas["Run"];
  step: Step;
  part: "terminal" | "changes";
  /** Which of its executions is looked at; the newest, if none is chosen. */
  fence: number | null;
  onFence: (fence: number) => void;
}

export function Executed({ project, run, step, part, fence, onFence }: ExecutedProps) {
  const going = !hasEnded(run.state);
  const all = useQuery(executionsQuery(project, run.id, going));
  useEffect(() => (going ? followRun(run.id) : undefined), [run.id, going]);
  if (all.error && !all.data) return <Failure error={all.error} onRetry={() => void all.refetch()} />;
  if (!all.data) return <Skeleton />;
  const own = all.data.filter(({ stepId }) => stepId === step.id);
  const shown = own.find((one) => one.fence === fence) ?? own.at(-1);
  if (!shown) {
    if (hasEnded(step.state)) return <p className="text-sm text-ink-3">No runner began it.</p>;
    return <Waiting project={project} step={step.id} />;
  }
  /** A runner has it still. What was begun before another, or before its step ended, was given up. */
  const isLive = (one: Execution) => !one.outcome && !one.endedAt && one === own.at(-1) && isHeld(step.state);
  const live = isLive(shown);
  const source = { project, run: run.id, step: step.id, fence: shown.fence };
  return (
    <div className="flex flex-col gap-3 text-sm">
      <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
        {own.length > 1 && (
          <Choice label="Which time" value={shown.fence} onChange={({ target }) => onFence(Number(target.value))}>
            {own.toReversed().map((one, at) => (
              <option key={one.fence} value={one.fence}>
                {own.length - at}: {one.runnerName}, {lookOf(one, isLive(one)).name.toLowerCase()}
              </option>
            ))}
          </Choice>
        )}
        <How execution={shown} live={live} />
        <Before project={project} step={step} />
      </div>
      {live && <Asks project={project} run={run.id} step={step.id} />}
      {part === "terminal" && isAgents(step) && (
        <Say project={project} run={run.id} step={step.id} fence={shown.fence} live={live} />
      )}
      {shown.outcome && <What outcome={shown.outcome} />}
      {part === "terminal" && goesOn(run, step) && shown === own.at(-1) && (
        <More project={project} run={run.id} step={step} runner={shown.runnerName} />
      )}
      {part === "terminal" ? (
        <Output
          key={shown.fence}
          source={{ ...source, name: "output" }}
          execution={shown}
          over={!live}
          title={run.title}
        />
      ) : (
        <Changes key={shown.fence} source={source} execution={shown} over={!live} />
      )}
    </div>
  );
}

/** Whether a coding agent does a step, and no program. */
function isAgents({ input }: Step): boolean {
  return (input as Partial<RemoteOrder> | null)?.engine?.kind === "agent";
}

/** What it goes on with, if it does. */
function Before({ project, step }: { project: string; step: Step }) {
  const before = (step.input as Partial<RemoteOrder> | null)?.continues;
  if (!before) return null;
  return (
    <Link
      to="/projects/$project/runs/$run"
      params={{ project, run: before.runId }}
      className="flex min-h-9 items-center text-accent underline"
    >
      Goes on with an earlier task
    </Link>
  );
}

/** Whether its agent can go on after it has ended. What only planned is over with its plan. */
function goesOn(run: Schemas["Run"], step: Step): boolean {
  return isAgents(step) && hasEnded(step.state) && run.kind !== "fleet.plan";
}

/** Why no runner has begun it yet. */
function Waiting({ project, step }: { project: string; step: string }) {
  const queued = useQuery(fleetQueueQuery(project)).data?.find(({ stepId }) => stepId === step);
  return (
    <p role="status" className="text-sm text-ink-3">
      No runner has begun it yet.{queued && ` ${told(queued, clock)}`}
    </p>
  );
}

function lookOf({ outcome }: Execution, live: boolean): Look {
  if (outcome) return ENDS[outcome.end];
  return live ? { name: "Running", tone: "accent" } : { name: "Ended without a word", tone: "warn" };
}

/** Where, how it ended, and how long it took. */
function How({ execution, live }: { execution: Execution; live: boolean }) {
  const { runnerName, beganAt, endedAt, outcome } = execution;
  const { name, tone } = lookOf(execution, live);
  const now = useNow(live);
  const until = endedAt ? Date.parse(endedAt) : now;
  return (
    <p className="flex min-h-9 flex-wrap items-center gap-x-2 text-ink-2">
      <Badge tone={tone}>{name}</Badge>
      <span className="wrap-anywhere">on {runnerName}</span>
      {(live || endedAt || outcome) && (
        <span title={`Begun ${exact(beganAt)}`} className="text-ink-3 tabular-nums">
          · {took(outcome?.durationMs ?? Math.max(0, until - Date.parse(beganAt)))}
        </span>
      )}
      {outcome?.exitCode != null && <span className="text-ink-3 tabular-nums">· exit code {outcome.exitCode}</span>}
    </p>
  );
}

/** What the runner says of it besides. */
function What({ outcome: { end, message, branch, used, notes = [] } }: { outcome: Outcome }) {
  if (!message && !branch && !used && notes.length === 0) return null;
  return (
    <div className="flex flex-col gap-1">
      {message && (
        <p className={`rounded-md px-2.5 py-1.5 wrap-anywhere ${end === "complete" ? "bg-sunken" : "bg-bad-soft"}`}>
          {message}
        </p>
      )}
      {branch && (
        <p className="flex items-center gap-1.5 text-ink-2">
          <GitBranch aria-hidden className="size-4 shrink-0" /> On the branch{" "}
          <code className="font-mono wrap-anywhere">{branch}</code>
        </p>
      )}
      {used && (
        <p className="text-ink-3 tabular-nums">
          {thousands(used.inputTokens + used.outputTokens)} tokens
          {used.costMicros > 0 && ` for ${usd(used.costMicros)}`}, as the agent says
        </p>
      )}
      {notes.length > 0 && (
        <ul aria-label="What was left out" className="list-disc pl-4 text-ink-2">
          {notes.map((note) => (
            <li key={note} className="wrap-anywhere">
              {note}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
