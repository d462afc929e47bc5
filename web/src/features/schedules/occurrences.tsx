/** What became of a schedule's latest times, newest first: runs, and what was missed, skipped or refused. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { scheduleQuery } from "@/shared/queries";
import { exact } from "@/shared/time";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";

const OUTCOMES = {
  due: { name: "About to be given", tone: "accent" },
  started: { name: "Started", tone: "good" },
  missed: { name: "Missed", tone: "bad" },
  skipped: { name: "Skipped", tone: "warn" },
  refused: { name: "Refused", tone: "bad" },
} as const;

/** The server counts no further. */
const COUNTED = 1_000;

export function Occurrences({ project, schedule }: { project: string; schedule: string }) {
  const detail = useQuery(scheduleQuery(project, schedule));
  if (detail.error) return <Failure error={detail.error} onRetry={() => void detail.refetch()} />;
  if (!detail.data) return <Skeleton className="py-2" lines={2} />;
  const { occurrences } = detail.data;
  if (occurrences.length === 0) return <p className="py-1 text-ink-3">Its time has not come yet.</p>;
  return (
    <ol aria-label="What became of it" className="flex flex-col gap-1 py-1">
      {occurrences.map((one) => (
        <Occurrence key={`${one.at} ${one.outcome}`} project={project} occurrence={one} />
      ))}
    </ol>
  );
}

interface OccurrenceProps {
  project: string;
  occurrence: Schemas["Occurrence"];
}

function Occurrence({ project, occurrence: { at, outcome, times, runId, reason } }: OccurrenceProps) {
  const { name, tone } = OUTCOMES[outcome];
  return (
    <li className="flex flex-wrap items-baseline gap-x-3">
      <time dateTime={at} className="w-44 shrink-0 text-ink-2 tabular-nums">
        {exact(at)}
      </time>
      <Badge tone={tone}>{times > 1 ? `${name} ${often(times)}` : name}</Badge>
      {runId && (
        <Link
          to="/projects/$project/runs/$run"
          params={{ project, run: runId }}
          className="text-accent underline underline-offset-2"
        >
          Open the run
        </Link>
      )}
      {reason && <span className="min-w-0 text-ink-2 wrap-anywhere">{reason}</span>}
    </li>
  );
}

function often(times: number): string {
  return times >= COUNTED ? "1,000 times or more" : `${times} times`;
}
