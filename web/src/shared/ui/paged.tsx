/** A list that is read page by page: its rows, what stands in their place meanwhile or instead, and the way to more. */
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Page } from "../wire";
import { Button } from "./button";
import { Failure, Skeleton } from "./parts";

type Pages<T> = InfiniteData<Page<T>>;
type List<T> = UseInfiniteQueryResult<Pages<T>>;

/** All rows of a list as far as they were read. */
export function rowsOf<T>({ data }: { data: Pages<T> | undefined }): T[] {
  return data?.pages.flatMap((page) => page.docs) ?? [];
}

interface PagedProps<T> {
  list: List<T>;
  /** What it is a list of. */
  label: string;
  /** In the place of rows, when there are none. */
  empty: ReactNode;
  children: (row: T) => ReactNode;
}

export function Paged<T>({ list, label, empty, children }: PagedProps<T>) {
  const rows = rowsOf(list);
  return (
    <>
      {list.isPending && <Skeleton className="p-6" />}
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && empty}
      {rows.length > 0 && (
        <ul aria-label={label} className="divide-y divide-line border-b border-line">
          {rows.map(children)}
        </ul>
      )}
      <More list={list} className="m-6" />
    </>
  );
}

interface MoreProps {
  list: Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetchingNextPage" | "fetchNextPage">;
  /** What comes. */
  children?: ReactNode;
  look?: "plain" | "quiet";
  className?: string;
}

/** Fetches the next page; nothing once all of it is there. */
export function More({ list, children = "More", look = "plain", className }: MoreProps) {
  if (!list.hasNextPage) return null;
  return (
    <Button
      look={look}
      busy={list.isFetchingNextPage}
      className={`self-start ${className ?? ""}`}
      onClick={() => void list.fetchNextPage()}
    >
      {children}
    </Button>
  );
}
