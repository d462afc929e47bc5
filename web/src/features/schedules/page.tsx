/** The schedules of a project: orders that are given at their time, without anybody being there. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { CalendarClock, Plus } from "lucide-react";
import { useState } from "react";
import { useMay, useProjectId } from "@/shared/place";
import { schedulesQuery } from "@/shared/queries";
import { Button } from "@/shared/ui/button";
import { Empty, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import { NewSchedule } from "./new";
import { Row } from "./row";

export function SchedulesPage() {
  const project = useProjectId();
  const editor = useMay("editor");
  const [making, setMaking] = useState(false);
  const list = useInfiniteQuery(schedulesQuery(project));
  const rows = list.data?.pages.flatMap((page) => page.docs) ?? [];
  const make = (
    <Button look="main" onClick={() => setMaking(true)}>
      <Plus /> New schedule
    </Button>
  );
  return (
    <>
      <PageHead title="Schedules">{editor && rows.length > 0 && make}</PageHead>
      {list.isPending && <Skeleton className="p-6" />}
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && (
        <Empty icon={<CalendarClock />} title="Nothing is scheduled yet">
          <p className="max-w-md">
            A schedule is an order with its time, such as “Prepare tomorrow’s call sheets”, Monday to Friday at 17:30.
            When the time comes it becomes a run, as if whoever set it had ordered it then.
          </p>
          {editor && make}
        </Empty>
      )}
      <ul aria-label="Schedules" className="divide-y divide-line">
        {rows.map((schedule) => (
          <Row key={schedule.id} project={project} schedule={schedule} />
        ))}
      </ul>
      {list.hasNextPage && (
        <div className="p-6">
          <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            More
          </Button>
        </div>
      )}
      {making && <NewSchedule project={project} onClose={() => setMaking(false)} />}
    </>
  );
}
