/** The documents that were brought into the project, and what became of them. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileDown, Plus } from "lucide-react";
import { useMay, useProjectId } from "@/shared/place";
import { importsQuery } from "@/shared/queries";
import { ago, exact } from "@/shared/time";
import { Button, buttonClass } from "@/shared/ui/button";
import { Badge, Empty, Failure, PageHead, Skeleton } from "@/shared/ui/parts";

const STATES = {
  pending: { name: "Waits for a decision", tone: "warn" },
  ingested: { name: "Saved", tone: "good" },
  discarded: { name: "Discarded", tone: "plain" },
  returned: { name: "Sent back", tone: "plain" },
} as const;

export function ImportList() {
  const project = useProjectId();
  const editor = useMay("editor");
  const list = useInfiniteQuery(importsQuery(project));
  const rows = list.data?.pages.flatMap((page) => page.docs) ?? [];
  const add = (
    <Link to="/projects/$project/imports/new" params={{ project }} className={buttonClass("main")}>
      <Plus /> Import a screenplay
    </Link>
  );
  return (
    <>
      <PageHead title="Imports">{editor && rows.length > 0 && add}</PageHead>
      {list.isPending && <Skeleton className="p-6" />}
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && (
        <Empty icon={<FileDown />} title="Nothing was imported yet">
          <p>A screenplay becomes scenes, characters and locations, once you have looked at them.</p>
          {editor && add}
        </Empty>
      )}
      <ul className="divide-y divide-line">
        {rows.map((row) => (
          <li key={row.importId}>
            <Link
              to="/projects/$project/imports/$import"
              params={{ project, import: row.importId }}
              className="flex items-center gap-3 px-6 py-2.5 text-sm hover:bg-hover"
            >
              <span className="min-w-0 grow truncate font-medium">{row.filename}</span>
              <Badge tone={STATES[row.state].tone}>{STATES[row.state].name}</Badge>
              <time
                dateTime={row.createdAt}
                title={exact(row.createdAt)}
                className="w-24 text-right text-xs text-ink-3"
              >
                {ago(row.createdAt)}
              </time>
            </Link>
          </li>
        ))}
      </ul>
      {list.hasNextPage && (
        <div className="p-6">
          <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            More
          </Button>
        </div>
      )}
    </>
  );
}
