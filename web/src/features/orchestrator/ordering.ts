/** An order that is being written: its words, whom they concern, how urgent it is, how it is divided, what is saved unasked; and how it is given. */
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { departmentsQuery, runKeys } from "@/shared/runs";
import type { Schemas } from "@/shared/wire";
import { type Talk, useTalk } from "./talk";

type Priority = Schemas["Priority"];

/** The server looks at no more of an order before it is given. */
const LOOKED_AT = 2_000;

export type Ordering = ReturnType<typeof useOrdering>;

export function useOrdering(project: string, talk: Talk, on: boolean) {
  const draft = useTalk(talk, (state) => state.draft);
  const [added, setAdded] = useState<readonly string[]>([]);
  const [priority, setPriority] = useState<Priority>("medium");
  const [autoIngest, setAutoIngest] = useState(false);
  const [oneByOne, setOneByOne] = useState(false);
  const words = useDeferredValue([...draft.trim()].slice(0, LOOKED_AT).join(""));
  const departments = useQuery({ ...departmentsQuery(project, words), enabled: on, placeholderData: keepPreviousData });
  const give = useMutation({
    mutationFn: (task: string) => {
      const request: Schemas["TaskRequest"] = {
        task,
        projectId: project,
        priority,
        async: true,
        ...(autoIngest && { autoIngest }),
        ...(oneByOne && { oneByOne }),
        ...(added.length > 0 && { departments: [...added] }),
      };
      return api.post<Schemas["TaskResponse"]>("/orchestrator/task", request);
    },
    onSuccess: () => {
      talk.write("");
      setAdded([]);
      setPriority("medium");
      setAutoIngest(false);
      setOneByOne(false);
      return client.invalidateQueries({ queryKey: runKeys.list(project) });
    },
  });
  return {
    departments: departments.data ?? [],
    added,
    toggle: (name: string) =>
      setAdded((all) => (all.includes(name) ? all.filter((one) => one !== name) : [...all, name])),
    priority,
    setPriority,
    autoIngest,
    setAutoIngest,
    oneByOne,
    setOneByOne,
    give,
  };
}
