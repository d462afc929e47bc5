/** What a step gave, readable: an agent's work, a head's grades, or what all of it came to. */
import { capital } from "@/engines/run";
import { percent } from "@/engines/units";
import { type Added, type Citation, MadeBy, OwnSummary } from "@/shared/ui/added";
import { Badge } from "@/shared/ui/parts";
import { Readable } from "@/shared/ui/readable";
import { Score } from "@/shared/ui/scores";
import { Work } from "@/shared/ui/work";
import { Comes, isCompiled } from "./result";

/** `agents::departments::outputs::Done`. */
interface Done {
  department: string;
  agent: string;
  title: string;
  summary: string;
  content: unknown;
  citations: Citation[];
  lacks: string[];
  quality: number;
  consistency: number;
  creativity: number;
  /** What a model said of it, or why none did; nothing where none is set. */
  added?: Added | null;
}

/** `agents::departments::outputs::Headed`. */
interface Headed {
  score: number;
  passed: boolean;
  summary: string;
  outputs: Graded[];
}

interface Graded {
  agent: string;
  title: string;
  summary: string;
  scores: Record<string, number>;
  overall: number;
  verdict: "accept" | "revise" | "discard";
  reasons: string[];
  again: Done | null;
}

function isDone(output: object): output is Done {
  return "content" in output && "summary" in output && "citations" in output;
}

function isHeaded(output: object): output is Headed {
  return "outputs" in output && "passed" in output && Array.isArray(output.outputs);
}

export function Output({ output }: { output: object | null }) {
  if (output === null) return <p className="text-sm text-ink-3">It gave nothing.</p>;
  if (isCompiled(output)) return <Comes result={output} />;
  if (isHeaded(output)) return <Grades head={output} />;
  if (isDone(output)) return <Made done={output} />;
  return <Readable value={output} />;
}

function Made({
  done: { department, agent, title, summary, content, citations, lacks, quality, consistency, creativity, added },
}: {
  done: Done;
}) {
  return (
    <div className="flex flex-col gap-4 text-sm">
      <div>
        <h3 className="text-base font-semibold wrap-anywhere">{title}</h3>
        <p className="text-ink-2">
          {summary} {added?.by && added.summaryByRules && <MadeBy model={added.by} />}
        </p>
        {added?.summaryByRules && <OwnSummary text={added.summaryByRules} />}
      </div>
      <Work
        agent={`${department}/${agent}`}
        scores={
          <div role="group" aria-label="Scores" className="flex flex-col gap-1">
            <Score name="Quality" value={quality} />
            <Score name="Consistency" value={consistency} />
            <Score name="Creativity" value={creativity} />
          </div>
        }
        lacks={lacks}
        added={added ?? null}
        content={content}
        citations={citations}
      />
    </div>
  );
}

const VERDICTS = {
  accept: { name: "Kept", tone: "good" },
  revise: { name: "Done again", tone: "warn" },
  discard: { name: "Left out", tone: "bad" },
} as const;

function Grades({ head: { score, passed, summary, outputs } }: { head: Headed }) {
  return (
    <div className="flex flex-col gap-4 text-sm">
      <p className="flex items-center gap-2">
        <span className="text-xl font-semibold tabular-nums">{percent(score)}</span>
        <Badge tone={passed ? "good" : "warn"}>{passed ? "Meets its threshold" : "Below its threshold"}</Badge>
      </p>
      <p className="text-ink-2">{summary}</p>
      {outputs.map(({ agent, title, summary: told, scores, overall, verdict, reasons, again }) => (
        <section key={agent} aria-label={title} className="flex flex-col gap-2 rounded-lg border border-line p-3">
          <h3 className="flex items-center gap-2 font-medium">
            <span className="min-w-0 grow">{title}</span>
            <span className="tabular-nums">{percent(overall)}</span>
            <Badge tone={VERDICTS[verdict].tone}>{VERDICTS[verdict].name}</Badge>
          </h3>
          <p className="text-ink-2">{told}</p>
          <div className="flex flex-col gap-1">
            {Object.entries(scores).map(([name, value]) => (
              <Score key={name} name={capital(name)} value={value} />
            ))}
          </div>
          <Notes title="Why it was done again" notes={reasons} />
          {again && (
            <details>
              <summary className="w-fit rounded-sm text-ink-2">What came of it</summary>
              <div className="pt-3">
                <Made done={again} />
              </div>
            </details>
          )}
        </section>
      ))}
    </div>
  );
}

function Notes({ title, notes }: { title: string; notes: string[] }) {
  if (notes.length === 0) return null;
  return (
    <div>
      <h3 className="mb-1 text-xs font-medium text-ink-3">{title}</h3>
      <ul className="list-disc pl-4 text-ink-2">
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </div>
  );
}
