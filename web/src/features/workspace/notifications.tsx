/** What people should be told: what came while this page was open, and what the project remembers. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Bell } from "lucide-react";
import { useEffect } from "react";
import { markRead, useLive } from "@/shared/live";
import { useProjectId } from "@/shared/place";
import { activityQuery } from "@/shared/queries";
import { ago, exact } from "@/shared/time";
import { Button } from "@/shared/ui/button";
import { Badge, Empty, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import { Path } from "@/shared/ui/path";
import type { Schemas } from "@/shared/wire";

type Level = Schemas["Level"];

interface Told {
  level: Level;
  title: string;
  message: string;
  action?: Schemas["NotificationAction"];
}

const TONES = { info: "plain", success: "good", warning: "warn", error: "bad" } as const;

export function Notifications() {
  const project = useProjectId();
  const activity = useInfiniteQuery(activityQuery(project));
  const unread = useLive((live) => live.unread);
  useEffect(markRead, [unread]);
  const rows = (activity.data?.pages.flatMap((page) => page.docs) ?? []).filter(({ kind }) => kind === "notification");
  return (
    <>
      <PageHead title="Notifications" />
      {activity.isPending && <Skeleton className="p-6" />}
      {activity.error && <Failure error={activity.error} onRetry={() => void activity.refetch()} />}
      {activity.isSuccess && rows.length === 0 && (
        <Empty icon={<Bell />} title="Nothing to tell you yet">
          <p>When something is imported, saved through a gate, or fails, it is told here.</p>
        </Empty>
      )}
      <ol className="divide-y divide-line">
        {rows.map(({ seq, at, payload }) => {
          const told = payload as unknown as Told;
          return (
            <li key={seq} className="flex items-start gap-3 px-6 py-3">
              <Badge tone={TONES[told.level] ?? "plain"}>{told.level}</Badge>
              <div className="min-w-0 grow">
                <p className="font-medium">{told.title}</p>
                <p className="text-ink-2">{told.message}</p>
                {told.action && (
                  <Path to={told.action.url} className="text-accent underline underline-offset-2">
                    {told.action.label}
                  </Path>
                )}
              </div>
              <time dateTime={at} title={exact(at)} className="shrink-0 text-xs text-ink-3">
                {ago(at)}
              </time>
            </li>
          );
        })}
      </ol>
      {activity.hasNextPage && (
        <div className="px-6 py-4">
          <Button busy={activity.isFetchingNextPage} onClick={() => void activity.fetchNextPage()}>
            Look further back
          </Button>
        </div>
      )}
    </>
  );
}
