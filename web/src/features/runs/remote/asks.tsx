/** What a coding agent wants permission for while it works: each question with its answers, of which the first counts. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { asksQuery } from "@/shared/fleet";
import { useMay } from "@/shared/place";
import { runKeys } from "@/shared/runs";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import type { Schemas } from "@/shared/wire";

export function Asks({ project, run, step }: { project: string; run: string; step: string }) {
  const asks = useQuery(asksQuery(project, run));
  return asks.data
    ?.filter(({ open, stepId }) => open && stepId === step)
    .map((ask) => <Question key={`${ask.fence}/${ask.askId}`} project={project} ask={ask} />);
}

function Question({ project, ask }: { project: string; ask: Schemas["AgentAsk"] }) {
  const { runId, stepId, fence, askId, title, detail, options } = ask;
  const editor = useMay("editor");
  const run = `/projects/${project}/runs/${runId}`;
  const answer = useMutation({
    mutationFn: (option: string) =>
      api.post(`${run}/steps/${stepId}/executions/${fence}/asks/${askId}/answer`, { option }),
    onError: (error) => toastError("The answer was not taken", error),
    onSettled: () => client.invalidateQueries({ queryKey: runKeys.one(project, runId) }),
  });
  return (
    <section aria-label="Question of the agent" className="flex flex-col gap-2 rounded-md bg-warn-soft p-3">
      <p className="font-medium wrap-anywhere">The agent asks: {title}</p>
      {detail && (
        <pre tabIndex={0} className="max-h-60 overflow-auto font-mono text-xs whitespace-pre-wrap wrap-anywhere">
          {detail}
        </pre>
      )}
      {!editor && <p className="text-ink-2">An editor or an owner can answer it.</p>}
      <div role="group" aria-label="Answers" className="flex flex-wrap gap-2">
        {editor &&
          options.map(({ id, name, kind }) => (
            <Button
              key={id}
              look={kind.startsWith("reject") ? "danger" : "plain"}
              busy={answer.isPending}
              onClick={() => answer.mutate(id)}
            >
              {name}
            </Button>
          ))}
      </div>
    </section>
  );
}
