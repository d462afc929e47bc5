/** Saving a schedule: one that is made, or another one in the place of what it was. */
import { useMutation } from "@tanstack/react-query";
import { api } from "./api";
import { client } from "./client";
import { keys } from "./queries";
import { exact } from "./time";
import { toast } from "./toasts";
import type { Schedule, ScheduledOrder } from "./wire";

/** What people say of a schedule. */
export type Said = Pick<Schedule, "name" | "when" | "missed"> & { order: ScheduledOrder };

export function useSaveSchedule(project: string, given: Schedule | undefined, onSaved: () => void) {
  const path = `/projects/${project}/schedules`;
  return useMutation({
    mutationFn: (said: Said) =>
      given ? api.patch<Schedule>(`${path}/${given.id}`, said) : api.post<Schedule>(path, said),
    onSuccess: ({ name, nextAt }) => {
      void client.invalidateQueries({ queryKey: keys.schedules(project) });
      toast({
        level: "success",
        title: given ? `${name} is changed` : `${name} is scheduled`,
        ...(nextAt && { message: `Its ${given ? "next" : "first"} time is ${exact(nextAt)}.` }),
      });
      onSaved();
    },
  });
}
