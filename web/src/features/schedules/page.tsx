/** The schedules of a project: orders that are given at their time, without anybody being there. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { CalendarClock, Plus } from "lucide-react";
import { useState } from "react";
import { useMay, useProjectId } from "@/shared/place";
import { schedulesQuery } from "@/shared/queries";
import { Button } from "@/shared/ui/button";
import { Paged, rowsOf } from "@/shared/ui/paged";
import { Empty, PageHead } from "@/shared/ui/parts";
import { ScheduleForm } from "./form";
import { Row } from "./row";

export function SchedulesPage() {
  const project = useProjectId();
  const editor = useMay("editor");
  const [making, setMaking] = useState(false);
  const list = useInfiniteQuery(schedulesQuery(project));
  const make = (
    <Button look="main" onClick={() => setMaking(true)}>
      <Plus /> New schedule
    </Button>
  );
  return (
    <>
      <PageHead title="Schedules">{editor && rowsOf(list).length > 0 && make}</PageHead>
      <Paged
        list={list}
        label="Schedules"
        empty={
          <Empty icon={<CalendarClock />} title="Nothing is scheduled yet">
            <p className="max-w-md">
              A schedule is an order with its time, such as “Prepare tomorrow’s call sheets”, Monday to Friday at 17:30.
              When the time comes it becomes a run, as if whoever set it had ordered it then.
            </p>
            {editor && make}
          </Empty>
        }
      >
        {(schedule) => <Row key={schedule.id} project={project} schedule={schedule} />}
      </Paged>
      {making && <ScheduleForm project={project} onClose={() => setMaking(false)} />}
    </>
  );
}
