/** What heads gave, whole: a run tells of what is short only, and their grades are the scores of its steps. */
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { isHead, type RunDetail } from "@/engines/run";
import { stepQuery } from "@/shared/runs";

/** Heads whose words are read; a run of more departments shows the scores of these. */
const HEADS = 20;

/** The run, with all that its heads gave. */
export function useGiven(project: string, detail: RunDetail): RunDetail {
  const long = detail.steps
    .filter(
      ({ name, state, output, outputLength }) => isHead(name) && state === "complete" && !output && outputLength > 0,
    )
    .slice(0, HEADS);
  const given = useQueries({
    queries: long.map(({ id, attempt }) => stepQuery(project, detail.run.id, id, attempt)),
    combine: (results) => results.map(({ data }) => data),
  });
  return useMemo(() => {
    const outputs = new Map(given.flatMap((step) => (step?.output ? [[step.id, step.output] as const] : [])));
    if (outputs.size === 0) return detail;
    const whole = (id: string) => outputs.get(id);
    return {
      ...detail,
      steps: detail.steps.map((step) => ({ ...step, output: step.output ?? whole(step.id) ?? null })),
    };
  }, [detail, given]);
}
