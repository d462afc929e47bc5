/** A run as it is worked through: its graph, its steps, what each gave; and as it was at any of its times. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useDeferredValue, useMemo, useState } from "react";
import { isRemote } from "@/engines/queue";
import { at } from "@/engines/replay";
import { durations, hasEnded, type RunDetail, scores } from "@/engines/run";
import { useProjectId } from "@/shared/place";
import { runQuery } from "@/shared/runs";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { useRunActions } from "./actions";
import { Asks } from "./asks";
import { useGiven } from "./given";
import { Head } from "./head";
import { Inspector } from "./inspector";
import { Replay } from "./replay";
import { useRunKeys } from "./run-keys";
import { Steps } from "./steps";
import type { RunView } from "./view";

/** The library that draws is fetched while the run is. */
const Graph = lazy(() => import("./graph").then((module) => ({ default: module.Graph })));

export function RunPage() {
  const project = useProjectId();
  const { run = "" } = useParams({ strict: false });
  const detail = useQuery(runQuery(project, run));
  if (detail.error && !detail.data) return <Failure error={detail.error} onRetry={() => void detail.refetch()} />;
  if (!detail.data) return <Skeleton className="p-6" lines={8} />;
  return <Shown key={run} project={project} detail={detail.data} />;
}

function Shown({ project, detail }: { project: string; detail: RunDetail }) {
  const [time, setTime] = useState<number | null>(null);
  const view = useView(useGiven(project, detail), time);
  const actions = useRunActions(project, detail.run.id);
  // The graph follows each key at once; a step is drawn when there is time, and not at all if one goes on meanwhile.
  const selected = useDeferredValue(view.selected);
  const step = selected === null ? undefined : view.byId.get(selected);
  useRunKeys(view, actions);
  // A graph of one step says nothing that the step does not, and a terminal needs room.
  const only = step && view.steps.length === 1 && isRemote(step);
  return (
    <div className="@container h-full">
      <div className="flex min-h-full flex-col @3xl:h-full">
        <Head view={view} actions={actions} />
        <Asks project={project} view={view} />
        <div className="flex min-h-0 grow flex-col @3xl:flex-row">
          {!only && (
            <div
              className={`h-96 shrink-0 border-b border-line @3xl:h-auto @3xl:min-h-0 @3xl:flex-1 @3xl:border-r @3xl:border-b-0 ${step ? "hidden @3xl:block" : ""}`}
            >
              <Suspense fallback={<Skeleton className="p-6" lines={6} />}>
                <Graph view={view} />
              </Suspense>
            </div>
          )}
          <div
            className={`min-w-0 grow bg-surface @3xl:overflow-y-auto ${only ? "" : "@3xl:w-[46%] @3xl:min-w-80 @3xl:grow-0"}`}
          >
            {step ? (
              <Inspector key={step.id} project={project} view={view} step={step} actions={actions} />
            ) : (
              <Steps project={project} view={view} />
            )}
          </div>
        </div>
        {!only && (detail.attempts.length > 0 || hasEnded(detail.run.state)) && (
          <Replay detail={detail} time={time} onTime={setTime} />
        )}
      </div>
    </div>
  );
}

function useView(detail: RunDetail, time: number | null): RunView {
  const [first, ...others] = detail.steps;
  const only = first && others.length === 0 && isRemote(first) ? first.id : null;
  const { step: selected = only } = useSearch({ strict: false });
  const navigate = useNavigate();
  const select = useCallback(
    (step: string | null) =>
      void navigate({ to: ".", search: step === null ? {} : { step }, replace: true, resetScroll: false }),
    [navigate],
  );
  const run = useMemo(() => {
    const steps = time === null ? detail.steps : at(detail, time);
    return {
      detail,
      time,
      steps,
      byId: new Map(steps.map((step) => [step.id, step])),
      scores: scores(steps),
      durations: durations(
        time === null ? detail.attempts : detail.attempts.filter(({ endedAt }) => Date.parse(endedAt) <= time),
      ),
    };
  }, [detail, time]);
  return useMemo(() => ({ ...run, selected, select }), [run, selected, select]);
}
