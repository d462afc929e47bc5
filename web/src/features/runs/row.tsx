/** The rows of a card in the graph: a department, and each of its steps. */
import clsx from "clsx";
import { memo } from "react";
import { isHeld, type Step, type StepState, titleOf } from "@/engines/run";
import { took } from "@/engines/reasons";
import { percent } from "@/engines/units";
import { useNow } from "@/shared/now";
import { StateIcon, stateName } from "@/shared/ui/run-state";

export const ROW =
  "flex w-full shrink-0 items-center gap-2 rounded-md px-1.5 text-left text-sm hover:bg-hover focus-visible:-outline-offset-2 aria-pressed:bg-accent-soft";

export interface StepRowBasics {
  step: Step;
  /** In milliseconds, once an attempt has ended. */
  duration: number | undefined;
  onSelect: (step: string) => void;
}

/** Whether a step's row would look the same: a replay makes every step anew for each time, and few of them differ. */
export function looksSame({ step: one, ...first }: StepRowBasics, { step: other, ...second }: StepRowBasics): boolean {
  return (
    one.id === other.id &&
    one.state === other.state &&
    one.leasedAt === other.leasedAt &&
    first.duration === second.duration &&
    first.onSelect === second.onSelect
  );
}

interface StepRowProps extends StepRowBasics {
  selected: boolean;
}

export const StepRow = memo(
  function StepRow({ step, duration, selected, onSelect }: StepRowProps) {
    return (
      <button
        type="button"
        aria-pressed={selected}
        onClick={() => onSelect(step.id)}
        className={clsx(ROW, "h-[28px] text-ink-2 hover:text-ink aria-pressed:text-ink")}
      >
        <StateIcon state={step.state} hidden className="size-3.5!" />
        <span title={titleOf(step)} className="min-w-0 grow truncate">
          {titleOf(step)}
        </span>
        <span className="sr-only">{stateName(step.state)}</span>
        <Duration step={step} took={duration} />
      </button>
    );
  },
  (one, other) => looksSame(one, other) && one.selected === other.selected,
);

interface DepartmentRowProps {
  name: string;
  /** Of all its steps together. */
  state: StepState;
  /** The step that grades the others; none in a department without a head. */
  head: string | null;
  score: number | undefined;
  selected: boolean;
  onSelect: (step: string) => void;
}

/** The head of a department is its name: it opens what the head says of the others. */
export function DepartmentRow({ name, state, head, score, selected, onSelect }: DepartmentRowProps) {
  return (
    <button
      type="button"
      aria-pressed={selected}
      disabled={head === null}
      onClick={() => head !== null && onSelect(head)}
      className={clsx(ROW, "h-[34px] font-semibold")}
    >
      <StateIcon state={state} hidden />
      <span className="min-w-0 grow truncate">{name}</span>
      <span className="sr-only">{stateName(state)}</span>
      {score !== undefined && <span className="text-ink-2 tabular-nums">{percent(score)}</span>}
    </button>
  );
}

interface DurationProps {
  step: Step;
  /** In milliseconds, once an attempt has ended. */
  took: number | undefined;
  /** Whether something stands before it on its line. */
  dotted?: boolean;
}

/** How long a step has been at it, or was. */
export function Duration({ step, took: length, dotted = false }: DurationProps) {
  const held = isHeld(step.state);
  const now = useNow(held);
  const since = held && step.leasedAt ? Math.max(0, now - Date.parse(step.leasedAt)) : undefined;
  const shown = held ? since : step.state === "queued" ? undefined : length;
  if (shown === undefined) return null;
  return (
    <span className={clsx("shrink-0 text-ink-3 tabular-nums", !dotted && "text-xs")}>
      {dotted && "· "}
      {took(shown)}
    </span>
  );
}
