/** What a run came to, once it has: how good it is, what is advised, and what each department says. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { capital } from "@/engines/run";
import { percent } from "@/engines/units";
import { reviewsQuery } from "@/shared/queries";
import { stepQuery } from "@/shared/runs";
import { buttonClass } from "@/shared/ui/button";
import { Badge } from "@/shared/ui/parts";
import { Score } from "@/shared/ui/scores";
import type { RunView } from "./view";

/** What puts a run together gives; `agents::departments::outputs::Compiled`. */
interface Compiled {
  score: number;
  advice: "ingest" | "modify" | "discard";
  departments: { department: string; score: number; passed: boolean; summary: string }[];
}

const ADVICE = {
  ingest: { words: "Good as it is", tone: "good" },
  modify: { words: "Worth looking at", tone: "warn" },
  discard: { words: "Not worth keeping", tone: "bad" },
} as const;

/** Whether an output is what a run came to. */
export function isCompiled(output: object): output is Compiled {
  return "advice" in output && "departments" in output && Array.isArray(output.departments);
}

/** What a run came to as far as it is read; `pending` while it has ended well and that is on its way. */
export function useResult(project: string, { detail, steps }: RunView) {
  const run = detail.run.id;
  const last = steps.find(({ name, state }) => name === "result" && state === "complete");
  const on = last !== undefined;
  const whole = useQuery({ ...stepQuery(project, run, last?.id ?? "", last?.attempt ?? 0), enabled: on });
  const waiting = useInfiniteQuery({ ...reviewsQuery(project, { state: "pending", run }), enabled: on });
  const output = on ? whole.data?.output : null;
  return {
    pending: whole.isLoading || waiting.isLoading,
    result: output && isCompiled(output) ? output : null,
    /** Outputs that wait to become records. */
    waiting: on ? (waiting.data?.pages.flatMap((page) => page.docs).length ?? 0) : 0,
  };
}

interface ResultProps {
  project: string;
  run: string;
  result: Compiled;
  waiting: number;
}

export function Result({ project, run, result, waiting }: ResultProps) {
  return (
    <section aria-label="Result" className="rounded-lg border border-line bg-ground p-3">
      <Comes result={result} />
      {waiting > 0 && (
        <Link
          to="/projects/$project/reviews"
          params={{ project }}
          search={{ run }}
          className={buttonClass("main", "mt-3")}
        >
          Review {waiting} {waiting === 1 ? "output" : "outputs"}
        </Link>
      )}
    </section>
  );
}

export function Comes({ result: { score, advice, departments } }: { result: Compiled }) {
  return (
    <div className="flex flex-col gap-2">
      <p className="flex items-center gap-2">
        <span className="text-xl font-semibold tabular-nums">{percent(score)}</span>
        <Badge tone={ADVICE[advice].tone}>{ADVICE[advice].words}</Badge>
      </p>
      <ul className="flex flex-col gap-2.5 pt-1">
        {departments.map(({ department, score: own, summary }) => (
          <li key={department}>
            <Score name={capital(department)} value={own} />
            <p className="text-xs text-ink-3">{summary}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}
