/** What runners do for a project: executions of its remote steps, and what those write. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, respond, save } from "./api";
import type { Execution, Schemas } from "./wire";
import { problemOf } from "./problem";
import { runKeys } from "./runs";

/** How often a run that goes on is looked at for what no event tells, in milliseconds. */
const LOOK = 1_000;

/** How often its executions are: that one has written more, the server says. */
const LOOK_AT_EXECUTIONS = 5_000;

export const executionsKey = (project: string, run: string) => [...runKeys.one(project, run), "executions"];

/** The executions of a run, newest last; once it has ended they are read a last time. */
export const executionsQuery = (project: string, run: string, going: boolean) =>
  queryOptions({
    queryKey: [...executionsKey(project, run), going],
    queryFn: ({ signal }) => api.get<Execution[]>(`/projects/${project}/runs/${run}/executions`, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: going ? LOOK_AT_EXECUTIONS : false,
  });

/** What the agents of a run ask, for as long as someone looks at one that is at work. */
export const asksQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: [...runKeys.one(project, run), "asks"],
    queryFn: ({ signal }) => api.get<Schemas["AgentAsk"][]>(`/projects/${project}/runs/${run}/asks`, { signal }),
    refetchInterval: LOOK,
  });

/** What was said to the agents of a run; whether one has heard it is looked at while it is at work. */
export const saidQuery = (project: string, run: string, live: boolean) =>
  queryOptions({
    queryKey: [...runKeys.one(project, run), "said"],
    queryFn: ({ signal }) => api.get<Schemas["Said"][]>(`/projects/${project}/runs/${run}/said`, { signal }),
    refetchInterval: live ? LOOK : false,
  });

/** How often the queue is looked at for what no event tells, such as a runner that came back, in milliseconds. */
const LOOK_AT_QUEUE = 5_000;

/** What runners do and are to do in a project, in its order; read again with each run that begins or ends. */
export const fleetQueueQuery = (project: string) =>
  queryOptions({
    queryKey: [...runKeys.list(project), "queue"],
    queryFn: ({ signal }) => api.get<Schemas["Queued"][]>(`/projects/${project}/fleet/queue`, { signal }),
    refetchInterval: LOOK_AT_QUEUE,
  });

export type FleetUsageBy = "day" | "person" | "runner" | "agent";

/** What the fleet took in so many days, today included. */
export const fleetUsageQuery = (project: string, by: FleetUsageBy, days: number) =>
  queryOptions({
    queryKey: ["project", project, "fleet", "usage", by, days],
    queryFn: ({ signal }) =>
      api.get<Schemas["FleetUsageRow"][]>(`/projects/${project}/fleet/usage`, { query: { by, days }, signal }),
    staleTime: 0,
  });

/** Who may tell the fleet what, and how much it may take. */
export const fleetPolicyQuery = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "fleet", "policy"],
    queryFn: ({ signal }) => api.get<Schemas["FleetPolicy"]>(`/projects/${project}/fleet/policy`, { signal }),
    staleTime: 0,
  });

/** Something that an execution wrote. */
export interface Source {
  project: string;
  run: string;
  step: string;
  fence: number;
  /** `output`, `diff`, or `file:` and a path. */
  name: string;
}

/** The server gives no more bytes at once. */
const AT_ONCE = 1 << 20;

/** Some of what was written, from a byte on; none if there is no more by now. */
export async function readSource(
  { project, run, step, fence, name }: Source,
  from: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const path = `/projects/${project}/runs/${run}/steps/${step}/executions/${fence}/streams/${encodeURIComponent(name)}`;
  const headers = { accept: "application/octet-stream" };
  const response = await respond("GET", path, { query: { from, limit: AT_ONCE }, headers, signal });
  if (!response.ok) throw await problemOf(response);
  return new Uint8Array(await response.arrayBuffer());
}

/** All of it up to a length, read a part after the other; `told` hears the share that is there, from 0 to 1. */
export async function wholeSource(
  source: Source,
  length: number,
  signal: AbortSignal,
  told?: (share: number) => void,
): Promise<Blob> {
  const parts: BlobPart[] = [];
  for (let from = 0; from < length;) {
    const bytes = await readSource(source, from, signal);
    if (bytes.length === 0) break;
    parts.push(bytes as Uint8Array<ArrayBuffer>);
    from += bytes.length;
    told?.(from / length);
  }
  return new Blob(parts).slice(0, length);
}

/** Saves all of it as a file. */
export async function saveSource(
  source: Source,
  length: number,
  file: string,
  signal: AbortSignal,
  told: (share: number) => void,
): Promise<void> {
  save(await wholeSource(source, length, signal, told), file);
}

/** What is shown of a diff, in bytes; all of it can be had as a file. */
export const SHOWN = 4 << 20;

/** A diff as text, as far as it is shown. */
export const diffQuery = (source: Source, length: number) =>
  queryOptions({
    queryKey: [...runKeys.one(source.project, source.run), "diff", source.step, source.fence, length],
    queryFn: async ({ signal }) => (await wholeSource(source, Math.min(length, SHOWN), signal)).text(),
    staleTime: Number.POSITIVE_INFINITY,
    // As large as all else that is kept together: forgotten soon after it is out of sight.
    gcTime: 60_000,
  });
