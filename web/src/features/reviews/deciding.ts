/** Taking a decision on a deliverable, once; and what to tell when someone else was quicker. */
import { useMutation } from "@tanstack/react-query";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { Problem } from "@/shared/problem";
import { deliverableQuery, keys } from "@/shared/queries";
import { toastUndo } from "@/shared/records";
import { toast, toastError } from "@/shared/toasts";
import type { Schemas } from "@/shared/wire";

type Decided = Schemas["DeliverableDecided"];

export function useDeciding(project: string, review: Schemas["Review"]) {
  return useMutation({
    mutationFn: (request: Schemas["DeliverableDecisionRequest"]) =>
      api.post<Decided>(`/projects/${project}/reviews/${review.reviewId}/decision`, request),
    onSuccess: ({ changeId, deliverable }, { decision }) => {
      if (deliverable) client.setQueryData(deliverableQuery(project, review.reviewId).queryKey, deliverable);
      switch (decision) {
        case "ingest":
          toastUndo(project, `${review.title} was saved`, changeId);
          break;
        case "revise":
          toast({
            level: "info",
            title: "Sent back",
            message: "Its step is done again; what comes of that waits anew.",
          });
          break;
        case "discard":
          toast({
            level: "info",
            title: `${review.title} was discarded`,
            ...(review.origin && { message: "Its step in the run still has it." }),
          });
          break;
        case "modify":
          toast({ level: "success", title: "Changed; it waits still" });
      }
    },
    onError: (error) => {
      const late = error instanceof Problem && error.status === 409;
      if (late) toast({ level: "info", title: "This was decided already", message: error.message });
      else toastError("Nothing was decided", error);
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.project(project) }),
  });
}
