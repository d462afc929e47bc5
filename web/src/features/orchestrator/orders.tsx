/** What was ordered in the project, oldest first, each with how far it is: the conversation of task mode. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { runsQuery } from "@/shared/runs";
import { More } from "@/shared/ui/paged";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { Beginning } from "./beginning";
import { Order } from "./order";
import type { Ordering } from "./ordering";
import { Scroller } from "./scroller";
import type { Talk } from "./talk";

/** The newest show their departments even after they have ended; the others on their page. */
const UNFOLDED = 2;

export function Orders({ project, talk, ordering }: { project: string; talk: Talk; ordering: Ordering }) {
  const list = useInfiniteQuery(runsQuery(project));
  const runs = useMemo(() => list.data?.pages.flatMap((page) => page.docs).toReversed() ?? [], [list.data]);
  const { give } = ordering;
  const newest = runs.at(-1)?.id ?? null;
  if (list.isPending) return <Skeleton className="grow p-4" />;
  if (list.error && !list.data) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  if (runs.length === 0 && !give.isPending) return <Beginning talk={talk} mode="task" />;
  return (
    <Scroller jump={give.isPending ? give.variables : newest}>
      <div className="flex flex-col gap-4 p-4">
        <More list={list} look="quiet" className="mx-auto">
          What was ordered before
        </More>
        {runs.map((run, at) => (
          <Order key={run.id} run={run} unfolded={at >= runs.length - UNFOLDED} />
        ))}
        {give.isPending && (
          <article aria-label="Order" data-said className="ml-8 self-end">
            <p className="rounded-lg border-l-3 border-mode bg-sunken px-3 py-2 whitespace-pre-wrap wrap-anywhere">
              {give.variables}
            </p>
            <p className="caret pt-1 text-right text-xs text-ink-3">On its way</p>
          </article>
        )}
      </div>
    </Scroller>
  );
}
