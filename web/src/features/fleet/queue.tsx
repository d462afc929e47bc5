/** What runners do in a project and are to do, in its order and each with why it waits; and what was done. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { told } from "@/engines/queue";
import { capital, hasEnded } from "@/engines/run";
import { fleetQueueQuery } from "@/shared/fleet";
import { runsQuery } from "@/shared/runs";
import { ago, clock, exact } from "@/shared/time";
import { More, rowsOf } from "@/shared/ui/paged";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import { RunRow } from "@/shared/ui/run-row";
import { StateIcon } from "@/shared/ui/run-state";
import type { Schemas } from "@/shared/wire";

export function Queue({ project }: { project: string }) {
  const queue = useQuery(fleetQueueQuery(project));
  const list = useInfiniteQuery(runsQuery(project, "fleet"));
  const failed = queue.error ?? list.error;
  if (failed) return <Failure error={failed} onRetry={() => void Promise.all([queue.refetch(), list.refetch()])} />;
  if (!queue.data || !list.data) return <Skeleton className="p-6" />;
  const done = rowsOf(list).filter(({ state }) => hasEnded(state));
  return (
    <>
      {queue.data.length > 0 && (
        <section aria-label="Under way and waiting">
          <Heading>Under way and waiting</Heading>
          <ol className="divide-y divide-line border-y border-line">
            {queue.data.map((one) => (
              <Waiting key={one.stepId} project={project} queued={one} />
            ))}
          </ol>
        </section>
      )}
      {done.length > 0 && (
        <section aria-label="Done">
          <Heading>Done</Heading>
          <ul className="divide-y divide-line border-y border-line">
            {done.map((run) => (
              <RunRow key={run.id} project={project} run={run} />
            ))}
          </ul>
        </section>
      )}
      {queue.data.length + done.length === 0 && (
        <p className="p-6 text-sm text-ink-3">Runners were told to do nothing here yet.</p>
      )}
      <More list={list} className="m-6">
        Look further back
      </More>
    </>
  );
}

function Heading({ children }: { children: string }) {
  return <h2 className="px-6 pt-5 pb-1 text-xs font-medium text-ink-3">{children}</h2>;
}

function Waiting({ project, queued }: { project: string; queued: Schemas["Queued"] }) {
  const { runId, stepId, title, step, byName, priority, queuedAt, state } = queued;
  return (
    <li>
      <Link
        to="/projects/$project/runs/$run"
        params={{ project, run: runId }}
        search={step === "do" ? {} : { step: stepId }}
        className="flex items-center gap-3 px-6 py-2.5 text-sm hover:bg-hover"
      >
        <StateIcon state={state === "running" ? "running" : "queued"} />
        <span className="min-w-0 grow">
          <span className="block truncate font-medium">
            {title}
            {step !== "do" && <span className="font-normal text-ink-2"> · {step}</span>}
          </span>
          <span className="block text-xs text-ink-3 wrap-anywhere">{told(queued, clock)}</span>
        </span>
        {priority !== "medium" && <Badge tone={priority === "low" ? "plain" : "warn"}>{capital(priority)}</Badge>}
        {byName && <span className="max-w-40 shrink-0 truncate text-ink-3 max-sm:hidden">{byName}</span>}
        <time dateTime={queuedAt} title={exact(queuedAt)} className="w-24 shrink-0 text-right text-xs text-ink-3">
          {ago(queuedAt)}
        </time>
      </Link>
    </li>
  );
}
