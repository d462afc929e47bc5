/** The answers to what a step asks, as buttons; the first answer counts, whoever gives it. */
import { useMutation } from "@tanstack/react-query";
import { asked } from "@/engines/answers";
import { useMay } from "../place";
import { answerStep } from "../runs";
import { toastError } from "../toasts";
import { Button } from "./button";

interface AnswersProps {
  project: string;
  run: string;
  step: string;
  question: string;
}

export function Answers({ project, run, step, question }: AnswersProps) {
  const editor = useMay("editor");
  const owner = useMay("owner");
  const answer = useMutation({
    mutationFn: (text: string) => answerStep(project, run, step, text),
    onError: (error) => toastError("The answer was not taken", error),
  });
  const { offered } = asked(question);
  if (!editor) return <p className="text-ink-2">An editor or an owner can answer it.</p>;
  if (offered.length === 0) return null;
  return (
    <div role="group" aria-label="Answers" className="flex flex-wrap items-center gap-2">
      {offered
        .filter((one) => owner || !one.owner)
        .map(({ answer: text, label }) => (
          <Button
            key={text}
            look={text === "cancel" ? "danger" : "plain"}
            busy={answer.isPending}
            onClick={() => answer.mutate(text)}
          >
            {label}
          </Button>
        ))}
      {!owner && offered.some((one) => one.owner) && (
        <span className="text-xs text-ink-3">An owner can add to the budget.</span>
      )}
    </div>
  );
}
