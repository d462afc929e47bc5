/** Runs as the screens have them: read once, then brought forward by the project's events in their order. */
import { type InfiniteData, infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { advance, hasEnded, type RunDetail, type RunEvent, standingOf, stood } from "@/engines/run";
import { api } from "./api";
import { client } from "./client";
import type { Page, Schemas } from "./wire";

type Run = Schemas["Run"];
type Runs = InfiniteData<Page<Run>, string | null>;

export const runKeys = {
  /** Everything of a project's runs. */
  all: (project: string) => ["project", project, "runs"] as const,
  list: (project: string) => [...runKeys.all(project), "list"] as const,
  /** A run with its log and what its steps gave. */
  one: (project: string, run: string) => [...runKeys.all(project), "one", run] as const,
};

/** Rows that are fetched at once. */
const ROWS = 50;

/** The project's runs, newest first; only those of a kind, if one is named. */
export const runsQuery = (project: string, kind?: "fleet") =>
  infiniteQueryOptions({
    queryKey: kind ? [...runKeys.list(project), kind] : runKeys.list(project),
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Run>>(`/projects/${project}/runs`, { query: { kind, limit: ROWS, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor ?? null,
  });

/** A run with its steps. */
export const runQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: [...runKeys.one(project, run), "self"],
    queryFn: ({ signal }) => read(project, run, signal),
  });

/** A step with all that it gave; by its attempt, so that what an earlier one gave is never shown for a later one. */
export const stepQuery = (project: string, run: string, step: string, attempt: number) =>
  queryOptions({
    queryKey: [...runKeys.one(project, run), "step", step, attempt],
    queryFn: ({ signal }) => api.get<Schemas["Step"]>(`/projects/${project}/runs/${run}/steps/${step}`, { signal }),
  });

/** Pieces of a log that are kept on the page; the oldest go first. */
const PIECES = 5_000;

/** A run's log as far as it was read; each reading goes on where the one before ended. */
export const logQuery = (project: string, run: string) => {
  const queryKey = [...runKeys.one(project, run), "log"];
  return queryOptions({
    queryKey,
    queryFn: async ({ signal }): Promise<Schemas["RunLog"]> => {
      const before = client.getQueryData<Schemas["RunLog"]>(queryKey);
      const query = { from: before?.next ?? 0, limit: 1_000 };
      const part = await api.get<Schemas["RunLog"]>(`/projects/${project}/runs/${run}/log`, { query, signal });
      return { ...part, entries: [...(before?.entries ?? []), ...part.entries].slice(-PIECES) };
    },
  });
};

/** Answers what a step asks; the events may be late or lost, so the run is read in any case. */
export async function answerStep(project: string, run: string, step: string, answer: string): Promise<void> {
  try {
    await api.post(`/projects/${project}/runs/${run}/steps/${step}/answer`, { answer });
  } finally {
    await client.invalidateQueries({ queryKey: runKeys.one(project, run) });
  }
}

/** The departments, and how much the words of an order concern each. */
export const departmentsQuery = (project: string, task: string) =>
  queryOptions({
    queryKey: ["project", project, "departments", task],
    queryFn: ({ signal }) =>
      api.get<Schemas["Department"][]>(`/projects/${project}/departments`, { query: { task }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Events that are kept for answers that were on their way when they came; more than a run of 200 steps makes in a minute. */
const KEPT = 2_000;
let recent: RunEvent[] = [];
/** The newest event that is kept no more. */
let dropped = 0;

/** Reads a run, and brings it forward by what came while the answer was on its way. */
async function read(project: string, run: string, signal: AbortSignal): Promise<RunDetail> {
  const detail = await api.get<RunDetail>(`/projects/${project}/runs/${run}`, { signal });
  // Too much came meanwhile: what was read later needs less of it.
  if (detail.seq < dropped) return read(project, run, signal);
  return recent.filter((event) => standingOf(event).runId === run).reduce(advance, detail);
}

/** Forgets the events of the project that was open before. */
export function forgetEvents(): void {
  recent = [];
  dropped = 0;
}

/** Takes an event of the stream: what is shown of its run moves on. */
export function takeRunEvent(project: string, event: RunEvent): void {
  recent.push(event);
  if (recent.length > KEPT) dropped = recent.shift()?.seq ?? dropped;
  const standing = standingOf(event);
  const { queryKey } = runQuery(project, standing.runId);
  client.setQueryData<RunDetail>(queryKey, (detail) => detail && advance(detail, event));
  const known = client.getQueryData<Runs>(runKeys.list(project));
  const before = known?.pages.flatMap((page) => page.docs).find(({ id }) => id === standing.runId);
  if (before) {
    client.setQueryData<Runs>(
      runKeys.list(project),
      (runs) => runs && placed(runs, stood(before, standing, event.timestamp)),
    );
  }
  // An answer that is on its way may have been read before this: it is read once more.
  if (before ? before.state !== standing.state : event.type === "run:updated")
    void client.invalidateQueries({ queryKey: runKeys.list(project) });
  // What a step gave, and its attempts, are in no event.
  if (event.type === "step:updated" && hasEnded(event.state)) readSoon(project, standing.runId);
}

function placed(runs: Runs, run: Run): Runs {
  const docs = (page: Page<Run>) => page.docs.map((one) => (one.id === run.id ? run : one));
  return { ...runs, pages: runs.pages.map((page) => ({ ...page, docs: docs(page) })) };
}

/** How long what is in no event may be missing, in milliseconds; a run of many short steps is not read for each of them. */
const SOON = 700;
const due = new Set<string>();

function readSoon(project: string, run: string): void {
  if (due.has(run)) return;
  due.add(run);
  setTimeout(() => {
    due.delete(run);
    void client.invalidateQueries({ queryKey: runQuery(project, run).queryKey, exact: true });
  }, SOON);
}
