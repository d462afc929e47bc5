/** One order and its progress, which lives: its departments, what is done just now, and the way to all of it. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowRight, Square } from "lucide-react";
import {
  capital,
  departmentOf,
  hasEnded,
  isHead,
  isHeld,
  progress,
  type RunDetail,
  titleOf,
  together,
} from "@/engines/run";
import { took, why } from "@/engines/reasons";
import { percent } from "@/engines/units";
import { api } from "@/shared/api";
import { useNow } from "@/shared/now";
import { useMay, useProjectId } from "@/shared/place";
import { runQuery } from "@/shared/runs";
import { useSession } from "@/shared/session";
import { ago, exact } from "@/shared/time";
import { toastError } from "@/shared/toasts";
import { Button, buttonClass } from "@/shared/ui/button";
import { Bar } from "@/shared/ui/parts";
import { seenState, StateIcon, stateName } from "@/shared/ui/run-state";
import type { Schemas } from "@/shared/wire";

export function Order({ run, unfolded }: { run: Schemas["Run"]; unfolded: boolean }) {
  const project = useProjectId();
  const me = useSession((session) => session.user?.id);
  const ended = hasEnded(run.state);
  const detail = useQuery({ ...runQuery(project, run.id), enabled: unfolded || !ended });
  return (
    <>
      <article aria-label="Order" data-said className="ml-8 self-end">
        <p
          title={exact(run.createdAt)}
          className="max-h-72 overflow-y-auto rounded-lg border-l-3 border-mode bg-sunken px-3 py-2 whitespace-pre-wrap wrap-anywhere"
        >
          {run.title}
        </p>
        <p className="pt-1 text-right text-xs text-ink-3">
          {run.createdBy === me ? "" : "By someone else · "}
          {ago(run.createdAt)}
        </p>
      </article>
      <article
        aria-label={`Progress of ${run.title}`}
        aria-busy={!ended}
        className="flex flex-col gap-2.5 rounded-lg border border-line bg-surface p-3 text-sm"
      >
        <Standing run={run} />
        {detail.data && (unfolded || !ended) && <Departments detail={detail.data} />}
        <div className="flex items-center gap-2">
          <Link
            to="/projects/$project/runs/$run"
            params={{ project, run: run.id }}
            className={buttonClass("plain", "h-7 px-2")}
          >
            Open the run <ArrowRight />
          </Link>
          {!ended && <Cancel run={run} />}
        </div>
      </article>
    </>
  );
}

function Standing({ run }: { run: Schemas["Run"] }) {
  const state = seenState(run);
  const { startedAt, endedAt, total } = run;
  const lasted = startedAt && endedAt ? ` in ${took(Date.parse(endedAt) - Date.parse(startedAt))}` : "";
  return (
    <>
      <p className="flex items-center gap-2 font-medium">
        <StateIcon state={state} hidden />
        <span className="grow">
          {stateName(state)}
          <span className="font-normal text-ink-3">
            {hasEnded(run.state) && ` · ${total} ${total === 1 ? "step" : "steps"}${lasted}`}
          </span>
        </span>
        {!hasEnded(run.state) && <span className="tabular-nums">{Math.round(progress(run) * 100)} %</span>}
      </p>
      {!hasEnded(run.state) && <Bar role="progressbar" label={`Progress of ${run.title}`} value={progress(run)} />}
    </>
  );
}

/** Each department as far as its steps are; what is wrong or under way in words. */
function Departments({ detail: { run, steps } }: { detail: RunDetail }) {
  const now = useNow(steps.some(({ reason }) => reason?.kind === "retry"));
  const byId = new Map(steps.map((step) => [step.id, step]));
  const own = Map.groupBy(
    steps.filter(({ name }) => departmentOf(name) !== null),
    ({ name }) => departmentOf(name) ?? "",
  );
  const speaking = steps.find(({ state, reason }) =>
    hasEnded(run.state) ? state === "failed" : isHeld(state) || reason?.kind === "retry" || reason?.kind === "person",
  );
  const words = speaking && (why(speaking, byId, now) ?? "Under way");
  return (
    <>
      <ul aria-label="Departments" className="grid grid-cols-2 gap-x-3 gap-y-1">
        {[...own].map(([department, members]) => {
          const state = together(members.map((step) => step.state));
          const score = members.find(({ name }) => isHead(name))?.output?.["score"];
          return (
            <li key={department} className="flex min-w-0 items-center gap-1.5">
              <StateIcon state={state} className="size-3.5" />
              <span className="min-w-0 grow truncate text-ink-2">{capital(department)}</span>
              {typeof score === "number" && <span className="text-xs text-ink-3 tabular-nums">{percent(score)}</span>}
            </li>
          );
        })}
      </ul>
      {speaking && (
        <p className="line-clamp-3 text-xs text-ink-3 wrap-anywhere">
          {titleOf(speaking)}: {words}
        </p>
      )}
    </>
  );
}

function Cancel({ run }: { run: Schemas["Run"] }) {
  const project = useProjectId();
  const editor = useMay("editor");
  const cancel = useMutation({
    mutationFn: () => api.post(`/projects/${project}/runs/${run.id}/cancel`),
    onError: (error) => toastError("The run could not be cancelled", error),
  });
  if (!editor) return null;
  return (
    <Button
      look="quiet"
      className="h-7 px-2"
      busy={cancel.isPending || Boolean(run.askedAt)}
      onClick={() => cancel.mutate()}
    >
      <Square /> Cancel
    </Button>
  );
}
