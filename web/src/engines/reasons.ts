/** Why a step is not running, in words. */
import type { components } from "../generated/api";
import { asked } from "./answers";
import { hasEnded, type Step, titleOf } from "./run";

type Reason = components["schemas"]["Reason"];

/** More names than this become a number. */
const NAMED = 2;

/** The sentence for a step; null if there is nothing to explain. `now` is in milliseconds since 1970. */
export function why(step: Step, steps: ReadonlyMap<string, Step>, now: number): string | null {
  const { reason, state } = step;
  if (!reason) return state === "leased" ? "A worker has it, and begins as soon as its agent has a free slot" : null;
  switch (reason.kind) {
    case "parents":
      return `Waits for ${waitedFor(step, steps, reason)}`;
    case "delay":
      return `Starts ${until(reason.until, now)}`;
    case "retry":
      return `Tries again ${until(reason.until, now)}: ${reason.error}`;
    case "ready":
      return "Waits for a free worker";
    case "paused":
      return `The run is paused: ${reason.why}`;
    case "person":
      return `Waits for an answer: ${asked(reason.question).words}`;
    case "error":
      return reason.error;
    case "expired":
      return "It was not done in the time that it had";
    case "asked":
      return reason.by ? "Cancelled on request" : "Cancelled by the server";
    case "parent": {
      const parent = steps.get(reason.step);
      return `Not done, because ${parent ? called(parent) : reason.name} ${reason.state === "failed" ? "failed" : "was cancelled"}`;
    }
  }
}

function waitedFor(
  step: Step,
  steps: ReadonlyMap<string, Step>,
  { open }: Extract<Reason, { kind: "parents" }>,
): string {
  const names = step.after.flatMap((id) => {
    const parent = steps.get(id);
    return parent && !(hasEnded(parent.state) && parent.state === "complete") ? [called(parent)] : [];
  });
  if (names.length === 0 || names.length > NAMED) return open === 1 ? "a step before it" : `${open} steps before it`;
  return names.join(" and ");
}

/** A title within a sentence. */
function called(step: Step): string {
  return `“${titleOf(step)}”`;
}

function until(timestamp: string, now: number): string {
  const seconds = Math.ceil((Date.parse(timestamp) - now) / 1000);
  if (seconds <= 0) return "now";
  return seconds < 90 ? `in ${seconds} s` : `in ${Math.round(seconds / 60)} min`;
}

/** A length of time for people: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function took(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 50) return "< 0.1 s";
  if (milliseconds < 9_950) return `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
