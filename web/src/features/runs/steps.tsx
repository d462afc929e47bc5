/** All steps of a run as a list: what the graph shows, for every reader, with why each waits in words. */
import { Fragment, memo, useState } from "react";
import { why } from "@/engines/reasons";
import { capital, departmentOf, hasEnded, isHead, partsOf, type Step, titleOf, wholeOf } from "@/engines/run";
import { percent } from "@/engines/units";
import { useNow } from "@/shared/now";
import { Skeleton } from "@/shared/ui/parts";
import { StateIcon, stateName } from "@/shared/ui/run-state";
import { Parts } from "./parts";
import { Result, useResult } from "./result";
import { Duration, looksSame, type StepRowBasics } from "./row";
import type { RunView } from "./view";

export function Steps({ project, view }: { project: string; view: RunView }) {
  const { steps, byId, scores, durations, select } = view;
  const { pending, result, waiting } = useResult(project, view);
  /** A run that had ended before it was opened is shown when its result is there; nothing moves below it then. */
  const [over] = useState(() => hasEnded(view.detail.run.state));
  const now = useNow(steps.some(({ reason }) => reason?.kind === "retry" || reason?.kind === "delay"));
  const parts = partsOf(steps);
  const groups = [
    ...Map.groupBy(
      steps.filter(({ name }) => wholeOf(name) === null),
      ({ name }) => departmentOf(name) ?? "",
    ),
  ];
  const item = (step: Step) => (
    <Item
      key={step.id}
      step={step}
      reason={why(step, byId, now)}
      score={scores.get(step.id)}
      duration={durations.get(step.id)}
      onSelect={select}
    />
  );
  if (over && pending) return <Skeleton className="p-6" lines={8} />;
  return (
    <section aria-label="Steps" className="flex flex-col gap-4 p-4">
      {result && <Result project={project} run={view.detail.run.id} result={result} waiting={waiting} />}
      {groups.map(([department, own]) => (
        <div key={department}>
          <h2 className={department === "" ? "sr-only" : "px-2 pb-1 text-xs font-medium text-ink-3"}>
            {department === "" ? "Other steps" : capital(department)}
          </h2>
          <ul className="flex flex-col">
            {own.map((step) => {
              const of = parts.get(step.id);
              return (
                <Fragment key={step.id}>
                  {item(step)}
                  {of && <Parts parts={of.map(({ state }) => state)}>{() => of.map(item)}</Parts>}
                </Fragment>
              );
            })}
          </ul>
        </div>
      ))}
    </section>
  );
}

interface ItemProps extends StepRowBasics {
  /** Why it is not running. */
  reason: string | null;
  score: number | undefined;
}

const Item = memo(
  function Item({ step, reason, score, duration, onSelect }: ItemProps) {
    return (
      <li>
        <button
          type="button"
          onClick={() => onSelect(step.id)}
          className="flex w-full items-start gap-2.5 rounded-md px-2 py-1.5 text-left text-sm hover:bg-hover"
        >
          <StateIcon state={step.state} hidden className="mt-0.5" />
          <span className="min-w-0 grow">
            <span className={isHead(step.name) ? "italic" : ""}>{titleOf(step)}</span>
            <span className="sr-only">{stateName(step.state)}</span>
            {reason && <span className="block text-xs text-ink-3 wrap-anywhere">{reason}</span>}
          </span>
          <Duration step={step} took={duration} />
          {score !== undefined && (
            <span title="Score" className="w-10 shrink-0 text-right tabular-nums">
              {percent(score)}
            </span>
          )}
        </button>
      </li>
    );
  },
  (one, other) => looksSame(one, other) && one.reason === other.reason && one.score === other.score,
);
