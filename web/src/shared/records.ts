/** Changes of records: shown at once, taken back if the server refuses, undone by one click if the person regrets. */
import { type InfiniteData, type QueryKey, useMutation } from "@tanstack/react-query";
import { api } from "./api";
import { client } from "./client";
import { keys } from "./queries";
import { toast, toastError } from "./toasts";
import type { Entity, EntityChanged, Page, Schemas } from "./wire";

type Lists = InfiniteData<Page<Entity>, string | null>;

/** Which record is changed. */
export interface Target {
  project: string;
  collection: string;
  record: string;
}

/** Puts a record that the server gave into every place that shows it, unless something newer is there already. */
export function place({ project, collection }: Omit<Target, "record">, record: Entity): void {
  client.setQueryData<Entity>([...keys.record(project, collection, record.id), "self"], (old) =>
    old && old.version > record.version ? old : record,
  );
  client.setQueriesData<Lists>({ queryKey: [...keys.collection(project, collection), "list"] }, (lists) =>
    mapRows(lists, (row) => (row.id === record.id && row.version < record.version ? { ...row, ...record } : row)),
  );
}

function mapRows(lists: Lists | undefined, change: (row: Entity) => Entity | null): Lists | undefined {
  if (!lists) return lists;
  const pages = lists.pages.map((page) => {
    const docs = page.docs.map(change).filter((row) => row !== null);
    return { ...page, docs, totalDocs: page.totalDocs - (page.docs.length - docs.length) };
  });
  return { ...lists, pages };
}

/** Reads anew what a change of a record may have touched besides the record itself. */
export function refresh(project: string, collection: string): void {
  void client.invalidateQueries({ queryKey: keys.collection(project, collection) });
  void client.invalidateQueries({ queryKey: keys.activity(project) });
  void client.invalidateQueries({ queryKey: [...keys.project(project), "self"] });
}

/** Takes a change back; everything is read anew, because a change may hold many records. */
export async function undo(project: string, changeId: string): Promise<void> {
  try {
    await api.post<Schemas["Changed"]>(`/projects/${project}/changes/${changeId}/undo`);
    toast({ level: "success", title: "Taken back" });
  } catch (error) {
    toastError("This could not be taken back", error);
  }
  await client.invalidateQueries({ queryKey: keys.project(project) });
}

/** Says that something was done, and offers to take it back. */
export function toastUndo(project: string, title: string, changeId: string | null | undefined): void {
  toast({
    level: "success",
    title,
    ...(changeId && { action: { label: "Undo", run: () => void undo(project, changeId) } }),
  });
}

export function useCreateRecord(project: string, collection: string) {
  return useMutation({
    mutationFn: (body: Schemas["CreateRecord"]) => api.post<EntityChanged>(`/projects/${project}/${collection}`, body),
    onSuccess: ({ changeId, ...record }) => {
      place({ project, collection }, record);
      toastUndo(project, `${record.name} was added`, changeId);
    },
    onSettled: () => refresh(project, collection),
  });
}

/** Changes a record; a stale version comes back as the problem `CONFLICT`, which the caller shows. */
export function useUpdateRecord({ project, collection, record }: Target) {
  const self: QueryKey = [...keys.record(project, collection, record), "self"];
  return useMutation({
    mutationFn: (body: Schemas["UpdateRecord"]) =>
      api.patch<EntityChanged>(`/projects/${project}/${collection}/${record}`, body),
    onMutate: async (body) => {
      await client.cancelQueries({ queryKey: self });
      const before = client.getQueryData<Entity>(self);
      if (before) client.setQueryData<Entity>(self, foreseen(before, body));
      return { before };
    },
    onError: (_error, _body, context) => {
      if (context?.before) client.setQueryData(self, context.before);
    },
    onSuccess: ({ changeId, ...changed }) => {
      place({ project, collection }, changed);
      toastUndo(project, `${changed.name} was saved`, changeId);
    },
    onSettled: () => refresh(project, collection),
  });
}

/** The record as it will be if the server agrees; the version stays, so that the server's answer counts as newer. */
export function foreseen(before: Entity, { metadata, version: _, ...texts }: Schemas["UpdateRecord"]): Entity {
  const known = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== null && value !== undefined));
  const attributes = Object.entries({ ...before.metadata, ...metadata }).filter(([, value]) => value !== null);
  return { ...before, ...known, metadata: Object.fromEntries(attributes) };
}

export function useRemoveRecord(project: string, collection: string) {
  const lists: QueryKey = [...keys.collection(project, collection), "list"];
  return useMutation({
    mutationFn: ({ id }: { id: string; name: string }) =>
      api.delete<Schemas["Changed"]>(`/projects/${project}/${collection}/${id}`),
    onMutate: async ({ id }) => {
      await client.cancelQueries({ queryKey: lists });
      const before = client.getQueriesData<Lists>({ queryKey: lists });
      client.setQueriesData<Lists>({ queryKey: lists }, (old) => mapRows(old, (row) => (row.id === id ? null : row)));
      return { before };
    },
    onError: (error, { name }, context) => {
      for (const [key, data] of context?.before ?? []) client.setQueryData(key, data);
      toastError(`${name} could not be removed`, error);
    },
    onSuccess: ({ changeId }, { name }) => toastUndo(project, `${name} is in the bin`, changeId),
    onSettled: () => refresh(project, collection),
  });
}

/** Brings a record back: out of the bin, or to an earlier version. */
export function useRestoreRecord(project: string, collection: string) {
  return useMutation({
    mutationFn: ({ id, version }: { id: string; version?: number }) =>
      api.post<EntityChanged>(
        `/projects/${project}/${collection}/${id}/restore`,
        version === undefined ? {} : { version },
      ),
    onSuccess: ({ changeId, ...record }) => {
      place({ project, collection }, record);
      toastUndo(project, `${record.name} is back`, changeId);
    },
    onError: (error) => toastError("This could not be restored", error),
    onSettled: () => refresh(project, collection),
  });
}
