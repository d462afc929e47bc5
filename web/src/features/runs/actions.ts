/** What people may do about a run; each is told by the stream to everyone who looks at it. */
import { useMutation } from "@tanstack/react-query";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { answerStep, runKeys } from "@/shared/runs";
import { useSession } from "@/shared/session";
import { toast, toastError } from "@/shared/toasts";

export function useRunActions(project: string, run: string) {
  const path = `/projects/${project}/runs/${run}`;
  // The events may be late or lost; what was done here is read in any case.
  const onSettled = () => client.invalidateQueries({ queryKey: runKeys.one(project, run) });
  const cancel = useMutation({
    mutationFn: () => api.post(`${path}/cancel`),
    onSuccess: () =>
      toast({
        level: "info",
        title: "Nothing more of this is begun",
        message: "What was done is kept; any step can be done again.",
      }),
    onError: (error) => toastError("The run could not be cancelled", error),
    onSettled,
  });
  const pause = useMutation({
    mutationFn: () =>
      api.post(`${path}/pause`, { why: `${useSession.getState().user?.name ?? "Somebody"} paused it.` }),
    onError: (error) => toastError("The run could not be paused", error),
    onSettled,
  });
  const resume = useMutation({
    mutationFn: () => api.post(`${path}/resume`),
    onError: (error) => toastError("The run could not go on", error),
    onSettled,
  });
  const retry = useMutation({
    mutationFn: (step: string) => api.post(`${path}/steps/${step}/retry`),
    onError: (error) => toastError("The step is as it was", error),
    onSettled,
  });
  const answer = useMutation({
    mutationFn: ({ step, text }: { step: string; text: string }) => answerStep(project, run, step, text),
    onError: (error) => toastError("The answer was not taken", error),
  });
  return { cancel, pause, resume, retry, answer };
}

export type RunActions = ReturnType<typeof useRunActions>;
