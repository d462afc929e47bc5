/** What a run's steps ask, above all else: one question at a time, with its answers and the way to its step. */
import { CircleQuestionMark } from "lucide-react";
import { alike, asked } from "@/engines/answers";
import { titleOf, wholeOf } from "@/engines/run";
import { Answers } from "@/shared/ui/answers";
import { Button } from "@/shared/ui/button";
import type { RunView } from "./view";

export function Asks({ project, view }: { project: string; view: RunView }) {
  const asking = view.steps.flatMap((step) =>
    step.state === "waiting" && step.reason?.kind === "person" ? [{ step, question: step.reason.question }] : [],
  );
  const [first] = asking;
  // Whoever looks at the step has its question there; what was asked earlier can be answered no more.
  if (!first || view.time !== null || asking.some(({ step }) => step.id === view.selected)) return null;
  const { step, question } = first;
  const whole = wholeOf(step.name);
  const others = asking.filter(
    (other) =>
      other.step !== step && whole !== null && wholeOf(other.step.name) === whole && alike(question, other.question),
  );
  return (
    <section
      aria-label="Question"
      className="flex shrink-0 flex-col gap-2 border-b border-line bg-warn-soft px-6 py-3 text-sm"
    >
      <p className="flex items-start gap-2 wrap-anywhere">
        <CircleQuestionMark aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
        <span className="whitespace-pre-line">
          <span className="font-medium">{titleOf(step)} asks:</span> {asked(question).words}
          {asking.length > 1 && (
            <span className="text-ink-2">
              {" "}
              {asking.length === 2 ? "One more step asks" : `${asking.length - 1} more steps ask`} something.
            </span>
          )}
        </span>
      </p>
      <div className="flex flex-wrap items-center gap-2">
        <Answers
          key={step.id}
          project={project}
          run={view.detail.run.id}
          step={step.id}
          question={question}
          others={others.map((other) => other.step.id)}
        />
        <Button look="quiet" onClick={() => view.select(step.id)}>
          Open the step
        </Button>
      </div>
    </section>
  );
}
