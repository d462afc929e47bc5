/** The inbox of the project that is open, kept up to date by its events; how far it was seen is remembered per person. */
import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { create } from "zustand";
import { type Inbox, inbox, unseen } from "@/engines/inbox";
import { hasEnded } from "@/engines/run";
import { useMay } from "@/shared/place";
import { activityQuery, reviewsQuery } from "@/shared/queries";
import { runQuery, runsQuery } from "@/shared/runs";
import { useSession } from "@/shared/session";
import { recall, remember } from "@/shared/store";

/** Runs under way that are looked into for questions; more at once are rare, and each has its own page. */
const LOOKED_INTO = 5;

/** By person and project: the time of the newest that was seen. */
const useSeen = create<Record<string, string>>(() => ({}));

export interface InboxState extends Inbox {
  unread: number;
  /** The time of the newest that was seen; null before anything was. */
  seen: string | null;
  /** Whether all of it was read. */
  read: boolean;
  markSeen: () => void;
}

export function useInbox(project: string): InboxState {
  const me = useSession((session) => session.user?.id ?? null);
  const editor = useMay("editor");
  const activity = useInfiniteQuery(activityQuery(project));
  const runs = useInfiniteQuery(runsQuery(project));
  const reviews = useInfiniteQuery(reviewsQuery(project, { state: "pending" }));
  const all = useMemo(() => runs.data?.pages.flatMap((page) => page.docs) ?? [], [runs.data]);
  const going = all.filter(({ state }) => !hasEnded(state)).slice(0, LOOKED_INTO);
  const details = useQueries({
    queries: going.map(({ id }) => runQuery(project, id)),
    combine: (results) => results.flatMap(({ data }) => data ?? []),
  });
  const found = useMemo(
    () =>
      inbox({
        project,
        me,
        activity: activity.data?.pages.flatMap((page) => page.docs) ?? [],
        runs: all,
        details,
        reviews: reviews.data?.pages.flatMap((page) => page.docs) ?? [],
      }),
    [project, me, activity.data, all, details, reviews.data],
  );
  const place = `seen.${me}.${project}`;
  const seen = useSeen((state) => state[place]) ?? recall<string>(place);
  const newest = found.told[0]?.at ?? "";
  const read = activity.isSuccess && runs.isSuccess && reviews.isSuccess;
  useEffect(() => {
    // Who comes into a project for the first time has nothing to catch up with.
    if (read && seen === null) keep(place, newest);
  }, [read, seen, place, newest]);
  // Who may only look decides nothing: what waits for others is no news to them.
  const waiting = editor ? found.waiting : [];
  return { ...found, waiting, unread: unseen(found.told, seen), seen, read, markSeen: () => keep(place, newest) };
}

function keep(place: string, at: string): void {
  remember(place, at);
  useSeen.setState({ [place]: at });
}
