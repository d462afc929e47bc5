/** What runners are to do in a project: what is under way or waits, with what it waits for, and what was done. */
import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { isOrder, isRemote, waits } from "@/engines/queue";
import { hasEnded } from "@/engines/run";
import { useNow } from "@/shared/now";
import { runQuery, runsQuery } from "@/shared/runs";
import { More, rowsOf } from "@/shared/ui/paged";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { RunRow } from "@/shared/ui/run-row";
import type { Schemas } from "@/shared/wire";

/** Orders whose steps are read for what they wait for; further ones are told by their state alone. */
const READ = 20;

interface QueueProps {
  project: string;
  runners: readonly Schemas["ServingRunner"][];
}

export function Queue({ project, runners }: QueueProps) {
  const list = useInfiniteQuery(runsQuery(project));
  const orders = rowsOf(list).filter(isOrder);
  const [open, done] = [orders.filter((run) => !hasEnded(run.state)), orders.filter((run) => hasEnded(run.state))];
  const steps = useQueries({
    queries: open.slice(-READ).map(({ id }) => runQuery(project, id)),
    combine: (results) => new Map(results.flatMap(({ data }) => (data ? [[data.run.id, data.steps] as const] : []))),
  });
  const remote = [...steps.values()].flat().filter(isRemote);
  const now = useNow(remote.some(({ reason }) => reason?.kind === "retry" || reason?.kind === "delay"));
  const note = (run: string) => {
    const [step] = steps.get(run)?.filter(isRemote) ?? [];
    return step ? waits(step, runners, remote, now) : null;
  };
  if (list.isPending) return <Skeleton className="p-6" />;
  if (list.error) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <>
      {/* First what was ordered first: that is the order in which it is done. */}
      <Runs title="Under way and waiting" runs={open.toReversed()} project={project} note={note} />
      <Runs title="Done" runs={done} project={project} />
      {orders.length === 0 && runners.length > 0 && (
        <p className="p-6 text-sm text-ink-3">Runners were told to do nothing here lately.</p>
      )}
      <More list={list} className="m-6">
        Look further back
      </More>
    </>
  );
}

interface RunsProps {
  title: string;
  project: string;
  runs: readonly Schemas["Run"][];
  note?: (run: string) => string | null;
}

function Runs({ title, project, runs, note }: RunsProps) {
  if (runs.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 className="px-6 pt-5 pb-1 text-xs font-medium text-ink-3">{title}</h2>
      <ul className="divide-y divide-line border-y border-line">
        {runs.map((run) => (
          <RunRow key={run.id} project={project} run={run} note={note?.(run.id) ?? null} />
        ))}
      </ul>
    </section>
  );
}
