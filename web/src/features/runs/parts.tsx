/** An agent's work that is done part by part: one row with a bar in the graph, a list that opens among the steps. */
import { type ReactNode, useState } from "react";
import { counted, type Step, type StepState, titleOf, together } from "@/engines/run";
import { StateIcon, stateName } from "@/shared/ui/run-state";
import { ROW } from "./row";

const COLOURS: Record<StepState, string> = {
  failed: "bg-bad",
  waiting: "bg-warn",
  running: "bg-accent",
  leased: "bg-accent",
  complete: "bg-good",
  cancelled: "bg-line-strong",
  queued: "bg-line",
};

interface PartsRowProps {
  /** The step that puts the parts together. */
  step: Step;
  parts: readonly StepState[];
  selected: boolean;
  onSelect: (step: string) => void;
}

/** However many parts there are, the row is as high as any other. */
export function PartsRow({ step, parts, selected, onSelect }: PartsRowProps) {
  const state = together([...parts, step.state]);
  return (
    <button
      type="button"
      aria-pressed={selected}
      title={`${titleOf(step)}: ${told(parts)}`}
      onClick={() => onSelect(step.id)}
      className={`${ROW} relative h-[28px] text-ink-2 hover:text-ink aria-pressed:text-ink`}
    >
      <StateIcon state={state} hidden className="size-3.5!" />
      <span className="min-w-0 grow truncate">{titleOf(step)}</span>
      <span className="sr-only">{stateName(state)}</span>
      <span className="shrink-0 text-xs text-ink-3 tabular-nums">
        {parts.filter((part) => part === "complete").length}/{parts.length}
      </span>
      <span aria-hidden className="absolute inset-x-1.5 bottom-0 flex h-[3px] overflow-hidden rounded-full">
        {counted(parts).map(({ state: of, count }) => (
          <span key={of} className={COLOURS[of]} style={{ flexGrow: count }} />
        ))}
      </span>
    </button>
  );
}

interface PartsProps {
  parts: readonly StepState[];
  /** Their rows; made only while they are looked at. */
  children: () => ReactNode;
}

/** The parts of a step, shut unless one of them needs somebody. */
export function Parts({ parts, children }: PartsProps) {
  const state = together(parts);
  const [open, setOpen] = useState<boolean | null>(null);
  const shown = open ?? (state === "failed" || state === "waiting");
  return (
    <li className="pl-6">
      <button
        type="button"
        aria-expanded={shown}
        onClick={() => setOpen(!shown)}
        className="min-h-6 rounded-md px-2 text-left text-xs text-ink-3 hover:text-ink"
      >
        One by one: {told(parts)}
      </button>
      {shown && <ul className="flex flex-col">{children()}</ul>}
    </li>
  );
}

/** `1 failed, 68 of 70 complete`. */
function told(parts: readonly StepState[]): string {
  const complete = parts.filter((part) => part === "complete").length;
  const others = counted(parts).filter(({ state }) => state !== "complete" && state !== "queued");
  const counts = others.map(({ state, count }) => `${count} ${stateName(state).toLowerCase()}`);
  return [...counts, `${complete} of ${parts.length} complete`].join(", ");
}
