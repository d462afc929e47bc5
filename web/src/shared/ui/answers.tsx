/** The answers to what a step asks, as buttons; the first answer counts, whoever gives it. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
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
  /** Steps that ask alike; one answer can be for them, too. */
  others?: readonly string[];
}

export function Answers({ project, run, step, question, others = [] }: AnswersProps) {
  const editor = useMay("editor");
  const owner = useMay("owner");
  const [all, setAll] = useState(true);
  const answer = useMutation({
    mutationFn: async (text: string) => {
      // Who ends the run has answered all.
      for (const one of all && text !== "cancel" ? [step, ...others] : [step]) {
        await answerStep(project, run, one, text);
      }
    },
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
      {others.length > 0 && (
        <label className="flex items-center gap-1.5 text-ink-2">
          <input
            type="checkbox"
            checked={all}
            onChange={({ target }) => setAll(target.checked)}
            className="size-4 accent-accent"
          />
          for all {others.length + 1} that ask this
        </label>
      )}
      {!owner && offered.some((one) => one.owner) && (
        <span className="text-xs text-ink-3">An owner can add to the budget.</span>
      )}
    </div>
  );
}
