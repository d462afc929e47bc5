/** What is read from the server, each with its key; features and live events name the same keys. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "./api";
import type { CollectionSchema, Entity, Message, Page, Project, Relationship, Schedule, Schemas } from "./wire";

/** Rows that are fetched at once. */
const ROWS = 100;

export const keys = {
  projects: ["projects"] as const,
  project: (id: string) => ["project", id] as const,
  /** All records of a collection: lists, the bin, single records and what hangs on them. */
  collection: (id: string, collection: string) => ["project", id, "records", collection] as const,
  records: (id: string) => ["project", id, "records"] as const,
  record: (id: string, collection: string, record: string) =>
    [...keys.collection(id, collection), "one", record] as const,
  activity: (id: string) => ["project", id, "activity"] as const,
  imports: (id: string) => ["project", id, "imports"] as const,
  people: (id: string) => ["project", id, "people"] as const,
  conversations: (id: string) => ["project", id, "conversations"] as const,
  messages: (conversation: string) => ["messages", conversation] as const,
  /** What was told in data mode and waits for a decision, or had one. */
  proposals: (id: string) => ["project", id, "proposals"] as const,
  /** All that waits for a decision or had one, whoever proposed it. */
  reviews: (id: string) => ["project", id, "reviews"] as const,
  readiness: (id: string) => ["project", id, "readiness"] as const,
  /** Who works in a project; what it says of them are records. */
  agents: (id: string) => [...keys.records(id), "agents"] as const,
  schedules: (id: string) => ["project", id, "schedules"] as const,
  /** One's own machines, wherever they serve. */
  runners: ["runners"] as const,
};

/** Pages of a list, one after the other, by the server's cursor. */
function pages<T>(queryKey: readonly unknown[], path: string, query: Record<string, string | boolean> = {}) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<T>>(path, { query: { ...query, limit: ROWS, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor ?? null,
  });
}

export const projectsQuery = () => pages<Project>(keys.projects, "/projects");

export const projectQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.project(id), "self"],
    queryFn: ({ signal }) => api.get<Project>(`/projects/${id}`, { signal }),
  });

export const schemaQuery = (id: string) =>
  queryOptions({
    queryKey: ["schema", id],
    queryFn: ({ signal }) => api.get<CollectionSchema[]>(`/projects/${id}/schema`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

export interface RecordFilter {
  name: string;
  removed: boolean;
}

export const recordsQuery = (id: string, collection: string, { name, removed }: RecordFilter) =>
  pages<Entity>([...keys.collection(id, collection), "list", name, removed], `/projects/${id}/${collection}`, {
    name,
    ...(removed && { removed }),
  });

/** Enough to see what a collection holds. */
export const GLANCE = 5;

/** The first records of a collection, and how many there are. */
export const firstRecordsQuery = (id: string, collection: string) =>
  queryOptions({
    queryKey: [...keys.collection(id, collection), "first"],
    queryFn: ({ signal }) =>
      api.get<Page<Entity>>(`/projects/${id}/${collection}`, { query: { limit: GLANCE }, signal }),
  });

export const recordQuery = (id: string, collection: string, record: string) =>
  queryOptions({
    queryKey: [...keys.record(id, collection, record), "self"],
    queryFn: ({ signal }) => api.get<Entity>(`/projects/${id}/${collection}/${record}`, { signal }),
  });

/** Enough episodes for a choice of one: several seasons. */
const EPISODES = 200;

export const episodesQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.collection(id, "episodes"), "choice"],
    queryFn: async ({ signal }) =>
      (await api.get<Page<Entity>>(`/projects/${id}/episodes`, { query: { limit: EPISODES }, signal })).docs,
  });

export const historyQuery = (id: string, collection: string, record: string) =>
  pages<Schemas["RecordVersion"]>(
    [...keys.record(id, collection, record), "history"],
    `/projects/${id}/${collection}/${record}/history`,
  );

export const relationshipsQuery = (id: string, collection: string, record: string) =>
  pages<Relationship>(
    [...keys.record(id, collection, record), "relationships"],
    `/projects/${id}/${collection}/${record}/relationships`,
  );

export const activityQuery = (id: string) => pages<Schemas["Activity"]>(keys.activity(id), `/projects/${id}/activity`);

export const importsQuery = (id: string) =>
  pages<Schemas["ImportSummary"]>([...keys.imports(id), "list"], `/projects/${id}/imports`);

export const importQuery = (id: string, importId: string) =>
  queryOptions({
    queryKey: [...keys.imports(id), "one", importId],
    queryFn: ({ signal }) => api.get<Schemas["Import"]>(`/projects/${id}/imports/${importId}`, { signal }),
  });

export const membersQuery = (id: string) =>
  pages<Schemas["Member"]>([...keys.people(id), "members"], `/projects/${id}/members`);

export const invitationsQuery = (id: string) =>
  pages<Schemas["Invitation"]>([...keys.people(id), "invitations"], `/projects/${id}/invitations`);

/** Which rows of the audit log. */
export interface AuditFilter {
  about?: "fleet";
  person?: string;
}

/** No event tells of all that is in it, so it is read whenever it is looked at. */
export const auditQuery = (id: string, filter: AuditFilter = {}) =>
  infiniteQueryOptions({
    ...pages<Schemas["AuditEntry"]>([...keys.people(id), "audit", filter], `/projects/${id}/audit`, { ...filter }),
    staleTime: 0,
  });

export const conversationsQuery = (id: string) =>
  pages<Schemas["Conversation"]>(keys.conversations(id), `/projects/${id}/conversations`);

/** The messages of a conversation, newest first. */
export const messagesQuery = (conversation: string) =>
  pages<Message>(keys.messages(conversation), `/orchestrator/conversations/${conversation}/messages`);

export const proposalQuery = (id: string, proposal: string) =>
  queryOptions({
    queryKey: [...keys.proposals(id), proposal],
    queryFn: ({ signal }) => api.get<Schemas["IngestResponse"]>(`/orchestrator/ingest/${proposal}`, { signal }),
  });

/** Which reviews a list is of. */
export interface ReviewFilter {
  state?: Schemas["ReviewState"];
  run?: string;
}

export const reviewsQuery = (id: string, filter: ReviewFilter) =>
  pages<Schemas["Review"]>(
    [...keys.reviews(id), "list", filter.state ?? "", filter.run ?? ""],
    `/projects/${id}/reviews`,
    {
      ...filter,
    },
  );

export const deliverableQuery = (id: string, review: string) =>
  queryOptions({
    queryKey: [...keys.reviews(id), "one", review],
    queryFn: ({ signal }) => api.get<Schemas["Deliverable"]>(`/projects/${id}/reviews/${review}`, { signal }),
  });

/** Of the whole project, or of one episode. */
export const readinessQuery = (id: string, episode: string) =>
  queryOptions({
    queryKey: [...keys.readiness(id), episode],
    queryFn: ({ signal }) =>
      api.get<Schemas["Readiness"]>(`/projects/${id}/readiness`, {
        ...(episode !== "" && { query: { episode } }),
        signal,
      }),
  });

export const agentsQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.agents(id), "list"],
    queryFn: ({ signal }) => api.get<Schemas["Agents"]>(`/projects/${id}/agents`, { signal }),
  });

/** What a project has said of an agent, newest first. */
export const agentHistoryQuery = (id: string, department: string, agent: string) =>
  pages<Schemas["RecordVersion"]>(
    [...keys.agents(id), "history", department, agent],
    `/projects/${id}/agents/${department}/${agent}/history`,
  );

export const budgetsQuery = (id: string) =>
  queryOptions({
    queryKey: ["project", id, "budgets"],
    queryFn: ({ signal }) => api.get<Schemas["Budgets"]>(`/projects/${id}/budgets`, { signal }),
  });

/** How usage is put together. */
export type UsageBy = "day" | "agent" | "person" | "model";

/** What language models took; no event tells of it, so it is read whenever it is looked at. */
export const usageQuery = (id: string, by: UsageBy, days: number) =>
  queryOptions({
    queryKey: ["project", id, "usage", by, days],
    queryFn: ({ signal }) => api.get<Schemas["UsageReport"]>(`/projects/${id}/usage`, { query: { by, days }, signal }),
    staleTime: 0,
  });

/** How long what no event tells of may be older than it is, in milliseconds. */
const LOOKED_AT_EVERY = 20_000;

export const schedulesQuery = (id: string) =>
  infiniteQueryOptions({
    ...pages<Schedule>([...keys.schedules(id), "list"], `/projects/${id}/schedules`),
    staleTime: 0,
    refetchInterval: LOOKED_AT_EVERY,
  });

/** A schedule with what became of its latest times. */
export const scheduleQuery = (id: string, schedule: string) =>
  queryOptions({
    queryKey: [...keys.schedules(id), "one", schedule],
    queryFn: ({ signal }) => api.get<Schemas["ScheduleDetail"]>(`/projects/${id}/schedules/${schedule}`, { signal }),
    staleTime: 0,
    refetchInterval: LOOKED_AT_EVERY,
  });

/** One's own runners, newest first. */
export const runnersQuery = () =>
  infiniteQueryOptions({
    ...pages<Schemas["Runner"]>(keys.runners, "/runners"),
    staleTime: 0,
    refetchInterval: LOOKED_AT_EVERY,
  });

/** The runners that serve a project, there or not. */
export const servingQuery = (id: string) =>
  queryOptions({
    queryKey: ["project", id, "runners"],
    queryFn: ({ signal }) => api.get<Schemas["ServingRunner"][]>(`/projects/${id}/runners`, { signal }),
    staleTime: 0,
    refetchInterval: LOOKED_AT_EVERY,
  });

export const searchQuery = (id: string, q: string) =>
  queryOptions({
    queryKey: ["project", id, "search", q],
    queryFn: ({ signal }) =>
      api.get<Schemas["SearchResults"]>(`/projects/${id}/search`, { query: { q, limit: 20 }, signal }),
    enabled: q.trim() !== "",
    staleTime: 30_000,
  });
