/** A run as a row of a list: how far it is, and the way to it. */
import { Link } from "@tanstack/react-router";
import { took } from "@/engines/reasons";
import { hasEnded, progress } from "@/engines/run";
import { ago, exact } from "../time";
import type { Schemas } from "../wire";
import { Bar } from "./parts";
import { seenState, StateIcon, stateName } from "./run-state";

interface RunRowProps {
  project: string;
  run: Schemas["Run"];
  /** What else there is to say of it, such as what it waits for. */
  note?: string | null;
}

export function RunRow({ project, run, note }: RunRowProps) {
  const state = seenState(run);
  return (
    <li>
      <Link
        to="/projects/$project/runs/$run"
        params={{ project, run: run.id }}
        className="flex items-center gap-3 px-6 py-2.5 text-sm hover:bg-hover"
      >
        <StateIcon state={state} hidden />
        <span className="min-w-0 grow">
          <span className="block truncate font-medium">{run.title}</span>
          {note && <span className="block text-xs text-ink-3 wrap-anywhere">{note}</span>}
        </span>
        <span className="w-28 shrink-0 text-right text-ink-3 max-sm:sr-only">{stateName(state)}</span>
        {hasEnded(run.state) ? (
          <span className="w-28 shrink-0 text-right text-xs text-ink-3 tabular-nums max-sm:hidden">{lasted(run)}</span>
        ) : (
          <span className={`flex w-28 shrink-0 items-center gap-2 ${note ? "max-sm:hidden" : ""}`}>
            <Bar role="progressbar" label={`Progress of ${run.title}`} value={progress(run)} className="grow" />
            <span className="text-xs tabular-nums">{Math.round(progress(run) * 100)} %</span>
          </span>
        )}
        <time
          dateTime={run.createdAt}
          title={exact(run.createdAt)}
          className="w-24 shrink-0 text-right text-xs text-ink-3"
        >
          {ago(run.createdAt)}
        </time>
      </Link>
    </li>
  );
}

function lasted({ total, startedAt, endedAt }: Schemas["Run"]): string {
  const steps = `${total} ${total === 1 ? "step" : "steps"}`;
  return startedAt && endedAt ? `${steps}, ${took(Date.parse(endedAt) - Date.parse(startedAt))}` : steps;
}
