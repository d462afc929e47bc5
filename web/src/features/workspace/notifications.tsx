/** What people should know of a project, all of it: what waits for a decision, what was told, what has ended. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Bell } from "lucide-react";
import { useEffect, useState } from "react";
import { useProjectId } from "@/shared/place";
import { activityQuery } from "@/shared/queries";
import { More } from "@/shared/ui/paged";
import { Empty, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import { useInbox } from "./inbox";
import { InboxList } from "./inbox-list";

export function Notifications() {
  const project = useProjectId();
  const activity = useInfiniteQuery(activityQuery(project));
  const { waiting, told, unread, seen, read, markSeen } = useInbox(project);
  /** What was new when the page was opened stays marked while it is looked at. */
  const [before] = useState(seen);
  useEffect(() => {
    if (unread > 0) markSeen();
  });
  return (
    <>
      <PageHead title="Notifications" />
      {!read && !activity.error && <Skeleton className="p-6" />}
      {activity.error && <Failure error={activity.error} onRetry={() => void activity.refetch()} />}
      {read && waiting.length + told.length === 0 && (
        <Empty icon={<Bell />} title="Nothing to tell you yet">
          <p>When work ends, something needs a decision, or an import is saved or fails, it is told here.</p>
        </Empty>
      )}
      <div className="flex max-w-3xl flex-col gap-4 p-2">
        {read && waiting.length > 0 && (
          <section>
            <h2 className="px-4 pt-2 text-sm font-medium text-ink-2">Waits for a decision</h2>
            <InboxList label="Waits for a decision" items={waiting} />
          </section>
        )}
        {read && told.length > 0 && (
          <section>
            <h2 className="px-4 pt-2 text-sm font-medium text-ink-2">Lately</h2>
            <InboxList label="Lately" items={told} seen={before} />
          </section>
        )}
      </div>
      <More list={activity} className="mx-6 my-4">
        Look further back
      </More>
    </>
  );
}
