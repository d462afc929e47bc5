/** What people may do about a schedule. No event tells of it, so the list is read again after each. */
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { keys, schedulesQuery } from "@/shared/queries";
import { runKeys } from "@/shared/runs";
import { toast, toastError } from "@/shared/toasts";
import type { Schedule, Schemas } from "@/shared/wire";

export function useScheduleActs(project: string, { id, name }: Schedule) {
  const navigate = useNavigate();
  const path = `/projects/${project}/schedules/${id}`;
  const onSettled = () => client.invalidateQueries({ queryKey: keys.schedules(project) });
  const pause = useMutation({
    mutationFn: (paused: boolean) => api.patch(path, { paused }),
    onError: (error) => toastError("The schedule is as it was", error),
    onSettled,
  });
  const runNow = useMutation({
    mutationFn: () => api.post<Schemas["Occurrence"]>(`${path}/run`),
    onSuccess: ({ runId, reason }) => {
      void client.invalidateQueries({ queryKey: runKeys.list(project) });
      if (!runId) {
        toast({ level: "warning", title: `${name} was not started`, message: reason ?? "It is looked at again soon." });
        return;
      }
      const run = () => void navigate({ to: "/projects/$project/runs/$run", params: { project, run: runId } });
      toast({ level: "success", title: `${name} is under way`, action: { label: "Open the run", run } });
    },
    onError: (error) => toastError(`${name} was not started`, error),
    onSettled,
  });
  const remove = useMutation({
    mutationFn: () => api.delete(path),
    // The list alone: what is shown of this one goes with it, and cannot be read again.
    onSettled: () => client.invalidateQueries({ queryKey: schedulesQuery(project).queryKey }),
  });
  return { pause, runNow, remove };
}
