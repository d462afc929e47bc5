/** Taking a decision on a proposal, once; and what to tell when someone else was quicker. */
import { useMutation } from "@tanstack/react-query";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { Problem } from "@/shared/problem";
import { keys, proposalQuery } from "@/shared/queries";
import { toastUndo } from "@/shared/records";
import { toast } from "@/shared/toasts";
import type { Schemas } from "@/shared/wire";

type Read = Schemas["IngestResponse"];
type Decided = Schemas["IngestDecided"];

export interface Choice {
  decision: Schemas["Decision"];
  /** What was changed in the form and not looked at yet; with `ingest` it is looked at first. */
  changes: Record<string, unknown>;
  mergeInto?: string;
}

/** `main` is the proposal that the message shows first, under which the cache keeps the others of the same text. */
export function useDecision(project: string, main: string, proposal: Read, name: string) {
  const { queryKey } = proposalQuery(project, main);
  const place = (change: (read: Read) => Read) =>
    client.setQueryData<Read>(queryKey, (read) => read && within(read, proposal.previewId, change));
  const send = (body: Schemas["IngestDecisionRequest"]) =>
    api.post<Decided>(`/orchestrator/ingest/${proposal.previewId}/decision`, body);
  const modify = async (changes: Record<string, unknown>) => {
    const modified = await send({ decision: "modify", changes });
    place((read) => ({ ...read, ...modified.preview, others: read.others ?? [] }));
    return modified;
  };

  return useMutation({
    mutationFn: async ({ decision, changes, mergeInto }: Choice) => {
      if (decision === "modify") return modify(changes);
      if (decision === "ingest" && Object.keys(changes).length > 0) await modify(changes);
      return send({ decision, ...(mergeInto !== undefined && { mergeInto }) });
    },
    onSuccess: ({ state, changeId, created, changed }, { decision }) => {
      if (decision === "modify") return;
      place((read) => ({ ...read, decided: { state, changeId: changeId ?? null, created, changed } }));
      if (decision !== "ingest") return;
      toastUndo(project, `${name} was saved`, changeId);
      void client.invalidateQueries({ queryKey: keys.project(project) });
    },
    onError: (error) => {
      if (!(error instanceof Problem) || error.status !== 409) return;
      const decided = error.code === "ALREADY_DECIDED";
      toast({
        level: "info",
        title: decided ? "This was decided already" : "Someone else changed this meanwhile",
        message: decided ? "What became of it is shown now." : "Look at it as it is now, and decide again.",
      });
      void client.invalidateQueries({ queryKey });
    },
  });
}

/** Changes one proposal among those of a text. */
function within(read: Read, id: string, change: (read: Read) => Read): Read {
  if (read.previewId === id) return change(read);
  return { ...read, others: (read.others ?? []).map((other) => (other.previewId === id ? change(other) : other)) };
}
