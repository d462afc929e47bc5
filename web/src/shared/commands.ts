/** Commands that are typed in a project: which there are, how a line may go on, and what came of those that were given. */
import { keepPreviousData, queryOptions, skipToken, useQuery } from "@tanstack/react-query";
import { api } from "./api";
import { client } from "./client";
import type { Schemas } from "./wire";

/** A line that was given, and what came of it. */
export interface Entry {
  id: number;
  line: string;
  /** Null while it is on its way. */
  reply: Schemas["CommandReply"] | null;
  error: unknown;
}

/** Entries that are kept; the oldest go. */
const ENTRIES = 100;
const NONE: readonly Entry[] = [];

/** How a line may go on, and all commands. */
export const commandsQuery = (project: string, line: string) =>
  queryOptions({
    queryKey: ["project", project, "commands", line],
    queryFn: ({ signal }) => api.get<Schemas["Commands"]>(`/projects/${project}/commands`, { query: { line }, signal }),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });

const entriesKey = (project: string) => ["console", project] as const;

/** What was given here. It lives in this page only, and goes when the person signs out: what was typed may be a secret. */
export function useEntries(project: string): readonly Entry[] {
  const entries = useQuery<readonly Entry[]>({
    queryKey: entriesKey(project),
    queryFn: skipToken,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return entries.data ?? NONE;
}

function change(project: string, next: (before: readonly Entry[]) => readonly Entry[]): void {
  client.setQueryData<readonly Entry[]>(entriesKey(project), (before = NONE) => next(before));
}

let made = 0;

/** Gives a command; what comes of it becomes an entry. */
export async function give(project: string, line: string): Promise<void> {
  const entry: Entry = { id: ++made, line, reply: null, error: null };
  change(project, (before) => [...before, entry].slice(-ENTRIES));
  const settle = (came: Partial<Entry>) =>
    change(project, (before) => before.map((one) => (one.id === entry.id ? { ...one, ...came } : one)));
  try {
    settle({ reply: await api.post<Schemas["CommandReply"]>(`/projects/${project}/commands`, { line }) });
  } catch (error) {
    settle({ error });
  }
  // It may have changed runs, schedules and runners; the commands themselves are the same.
  await client.invalidateQueries({
    queryKey: ["project", project],
    predicate: ({ queryKey }) => queryKey[2] !== "commands" && queryKey[2] !== "records",
  });
}

/** Forgets what was given. */
export function wipe(project: string): void {
  change(project, () => NONE);
}
