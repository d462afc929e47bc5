/** The states of runs and steps as they are seen: a sign, a colour and a word for each. */
import clsx from "clsx";
import {
  Circle,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CirclePause,
  CircleQuestionMark,
  CircleSlash,
  CircleX,
  LoaderCircle,
  type LucideIcon,
} from "lucide-react";
import type { Schemas } from "../wire";
import { Badge } from "./parts";

export type AnyState = Schemas["StepState"] | Schemas["RunState"] | "paused";

interface Look {
  name: string;
  icon: LucideIcon;
  className: string;
  tone: "plain" | "good" | "warn" | "bad" | "accent";
}

const LOOKS: Record<AnyState, Look> = {
  queued: { name: "Queued", icon: CircleDashed, className: "text-ink-3", tone: "plain" },
  leased: { name: "Starting", icon: CircleDot, className: "text-accent", tone: "accent" },
  running: { name: "Running", icon: LoaderCircle, className: "animate-spin text-accent", tone: "accent" },
  waiting: { name: "Waits for an answer", icon: CircleQuestionMark, className: "text-warn", tone: "warn" },
  complete: { name: "Complete", icon: CircleCheck, className: "text-good", tone: "good" },
  failed: { name: "Failed", icon: CircleX, className: "text-bad", tone: "bad" },
  cancelled: { name: "Cancelled", icon: CircleSlash, className: "text-ink-3", tone: "plain" },
  paused: { name: "Paused", icon: CirclePause, className: "text-warn", tone: "warn" },
};

/** The state of a run as people see it: a pause is more than its queued steps. */
export function seenState({ state, paused }: Pick<Schemas["Run"], "state" | "paused">): AnyState {
  return paused && (state === "queued" || state === "running") ? "paused" : state;
}

export function stateName(state: AnyState): string {
  return LOOKS[state].name;
}

/** `hidden` where the state is said in words beside it. */
export function StateIcon({
  state,
  hidden = false,
  className,
}: {
  state: AnyState;
  hidden?: boolean;
  className?: string;
}) {
  const { name, icon: Icon, className: colour } = LOOKS[state] ?? { name: state, icon: Circle, className: "" };
  return (
    <Icon
      {...(hidden ? { "aria-hidden": true } : { role: "img", "aria-label": name })}
      className={clsx("size-4 shrink-0", colour, className)}
    />
  );
}

export function StateBadge({ state }: { state: AnyState }) {
  return <Badge tone={LOOKS[state].tone}>{LOOKS[state].name}</Badge>;
}
