/** How ready a project is: each department against its threshold, what is lacking, and what brings most. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { useState } from "react";
import { capital } from "@/engines/run";
import { useProjectId } from "@/shared/place";
import { episodesQuery, readinessQuery } from "@/shared/queries";
import { Badge, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import { Cited } from "@/shared/ui/cited";
import type { Schemas } from "@/shared/wire";
import { Do } from "./action";

const STATES = {
  ready: { name: "Ready", tone: "good" },
  "needs-work": { name: "Needs work", tone: "warn" },
  "not-ready": { name: "Not ready", tone: "bad" },
} as const;

const NOTE =
  "From 80 on the film can be shot. Each department has up to 60 points for what the records say, and 40 for its outputs that are saved.";

export function ReadinessPage() {
  const project = useProjectId();
  const [episode, setEpisode] = useState("");
  const readiness = useQuery({ ...readinessQuery(project, episode), placeholderData: keepPreviousData });
  if (readiness.error) {
    return (
      <>
        <PageHead title="Readiness" note={NOTE} />
        <Failure error={readiness.error} onRetry={() => void readiness.refetch()} />
      </>
    );
  }
  if (!readiness.data) return <Skeleton className="p-6" lines={8} />;
  const { score, state, departments, next } = readiness.data;
  return (
    <>
      <PageHead title="Readiness" note={NOTE}>
        <Episodes project={project} value={episode} onChange={setEpisode} />
        <span className="text-2xl font-semibold tabular-nums">{score}</span>
        <Badge tone={STATES[state].tone}>{STATES[state].name}</Badge>
      </PageHead>
      <div className="@container p-6">
        <div className="grid items-start gap-6 @3xl:grid-cols-[3fr_2fr]">
          <section aria-label="Departments" className="flex flex-col gap-3">
            {departments.map((department) => (
              <Department key={department.name} department={department} />
            ))}
          </section>
          {next.length > 0 && (
            <section aria-label="What brings most" className="flex flex-col gap-2 @max-3xl:order-first">
              <h2 className="text-sm font-medium text-ink-2">What brings most</h2>
              <ol className="flex flex-col divide-y divide-line rounded-lg border border-line bg-surface">
                {next.map(({ department, gain, what, action }) => (
                  <li key={`${department}.${what}`} className="flex items-start gap-3 px-3 py-2.5 text-sm">
                    <span className="w-9 shrink-0 pt-0.5 font-semibold text-good tabular-nums">
                      +{gain}
                      <span className="sr-only"> points</span>
                    </span>
                    <span className="min-w-0 grow">
                      <span className="block wrap-anywhere">{sentenceOf(what)}</span>
                      <span className="text-xs text-ink-3">{gained(departments, department, gain)}</span>
                    </span>
                    <Do project={project} action={action} />
                  </li>
                ))}
              </ol>
            </section>
          )}
        </div>
      </div>
    </>
  );
}

/** Which episode is looked at, in a project that has some. */
function Episodes({
  project,
  value,
  onChange,
}: {
  project: string;
  value: string;
  onChange: (episode: string) => void;
}) {
  const episodes = useQuery(episodesQuery(project)).data ?? [];
  if (episodes.length === 0) return null;
  return (
    <select
      aria-label="Episode"
      value={value}
      onChange={({ target }) => onChange(target.value)}
      className="h-8 max-w-48 rounded-md border border-line bg-surface px-2 text-sm hover:border-line-strong"
    >
      <option value="">All episodes</option>
      {episodes.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Department({
  department: { name, score, threshold, ready, points },
}: {
  department: Schemas["DepartmentReadiness"];
}) {
  const project = useProjectId();
  const lacking = points.filter(({ met, of }) => met < of || of === 0);
  return (
    <details className="group rounded-lg border border-line bg-surface">
      <summary className="flex items-center gap-3 rounded-lg px-3 py-2.5 text-sm">
        <span className="w-28 shrink-0 font-medium">{capital(name)}</span>
        <Threshold name={name} score={score} threshold={threshold} ready={ready} />
        <span className="w-8 shrink-0 text-right font-semibold tabular-nums">{score}</span>
        <span className="w-20 shrink-0 text-right text-xs text-ink-3 max-sm:hidden">
          {lacking.length === 0 ? "all there" : `${lacking.length} of ${points.length} open`}
        </span>
      </summary>
      <ul className="divide-y divide-line border-t border-line">
        {points.map(({ what, weight, met, of, stale, lacking: records, next }) => (
          <li key={what} className="flex items-start gap-3 px-3 py-2 text-sm">
            <span className={clsx("w-16 shrink-0 tabular-nums", met < of || of === 0 ? "text-warn" : "text-good")}>
              {met} of {of}
            </span>
            <span className="min-w-0 grow">
              {what} <span className="text-xs text-ink-3">{weight} points</span>
              {(stale ?? 0) > 0 && <span className="text-xs text-warn"> · {stale} out of date</span>}
              {records.length > 0 && (
                <span className="block leading-6">
                  {records.map(({ entityId, collection, name: called }, at) => (
                    <span key={entityId}>
                      {at > 0 && ", "}
                      <Cited collection={collection} record={entityId} quote="">
                        {called}
                      </Cited>
                    </span>
                  ))}
                </span>
              )}
            </span>
            {next && <Do project={project} action={next} />}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** `Story: 60 → 100`: what is gained is of the department's points, of which the whole's are the mean. */
function gained(departments: readonly Schemas["DepartmentReadiness"][], name: string, gain: number): string {
  const score = departments.find((department) => department.name === name)?.score;
  return score === undefined ? capital(name) : `${capital(name)}: ${score} → ${Math.min(100, score + gain)}`;
}

/** A bar with a mark where a department begins to be ready. */
function Threshold({
  name,
  score,
  threshold,
  ready,
}: {
  name: string;
  score: number;
  threshold: number;
  ready: boolean;
}) {
  return (
    <span
      role="meter"
      aria-label={`Readiness of ${capital(name)}; ready from ${threshold} on`}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={score}
      className="relative h-1.5 grow rounded-full bg-line"
    >
      <span
        className={clsx("absolute inset-y-0 left-0 rounded-full", ready ? "bg-good" : "bg-warn")}
        style={{ width: `${score}%` }}
      />
      <span aria-hidden className="absolute -inset-y-1 w-px bg-ink-3" style={{ left: `${threshold}%` }} />
    </span>
  );
}

function sentenceOf(what: string): string {
  return what.charAt(0).toUpperCase() + what.slice(1);
}
