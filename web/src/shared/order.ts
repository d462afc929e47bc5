/** Telling the fleet to do something: whoever does sees the run that it becomes. */
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "./api";
import { client } from "./client";
import { runKeys } from "./runs";
import type { Schemas } from "./wire";

export function useOrder(project: string, onOrdered?: () => void) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (body: Schemas["CreateRemote"]) => api.post<Schemas["Run"]>(`/projects/${project}/fleet/runs`, body),
    onSuccess: ({ id }) => {
      void client.invalidateQueries({ queryKey: runKeys.list(project) });
      onOrdered?.();
      void navigate({ to: "/projects/$project/runs/$run", params: { project, run: id } });
    },
  });
}
