/** A run as it was: its recorded times, and the state of each step at one of them. */
import type { components } from "../generated/api";
import { grouped } from "./grouped";
import { hasEnded, isHeld, type RunDetail, type Step, type StepState } from "./run";

type Attempt = components["schemas"]["Attempt"];

/** Something that happened, at milliseconds since 1970. */
export interface Moment {
  at: number;
  /** The steps that it happened to. */
  steps: string[];
}

/** When something happened to a step, in order; the first is when the run was made, and nothing had begun. */
export function moments({ run, steps, attempts }: RunDetail): Moment[] {
  const happened = new Map<number, Set<string>>();
  const note = (time: string | null | undefined, step: string) => {
    if (!time) return;
    const at = Date.parse(time);
    happened.set(at, (happened.get(at) ?? new Set()).add(step));
  };
  for (const { stepId, beganAt, endedAt } of attempts) {
    note(beganAt, stepId);
    note(endedAt, stepId);
  }
  for (const { id, leasedAt, endedAt } of steps) {
    note(leasedAt, id);
    note(endedAt, id);
  }
  const found = [...happened].sort(([a], [b]) => a - b).map(([at, ids]) => ({ at, steps: [...ids] }));
  // A worker may begin within the millisecond in which the run is made.
  const made = Math.min(Date.parse(run.createdAt), (found[0]?.at ?? Number.POSITIVE_INFINITY) - 1);
  return [{ at: made, steps: [] }, ...found];
}

/** The steps as they stood at a time. What is not recorded, such as why one waited, is left out. */
export function at({ steps, attempts }: RunDetail, time: number): Step[] {
  const byStep = grouped(attempts, ({ stepId }) => stepId);
  const states = new Map<string, StepState>();
  const byId = new Map(steps.map((step) => [step.id, step]));
  const stateOf = (step: Step): StepState => {
    const known = states.get(step.id);
    if (known !== undefined) return known;
    // Guards against a circle, which the server refuses.
    states.set(step.id, "queued");
    let state = alone(step, byStep.get(step.id) ?? [], time);
    // A step that is done again takes those after it with it: none is complete before its parents are.
    const open = (id: string) => {
      const parent = byId.get(id);
      return parent !== undefined && stateOf(parent) !== "complete";
    };
    if (state === "complete" && step.after.some(open)) state = "queued";
    states.set(step.id, state);
    return state;
  };
  return steps.map((step) => {
    const state = stateOf(step);
    const last = begun(byStep.get(step.id) ?? [], time).at(-1);
    const own = state === step.state && reached(step, time);
    return {
      ...step,
      state,
      reason: own ? (step.reason ?? null) : null,
      attempt: last?.attempt ?? (isHeld(state) ? step.attempt : 0),
      leasedAt: isHeld(state)
        ? last && Date.parse(last.endedAt) > time
          ? last.beganAt
          : (step.leasedAt ?? null)
        : null,
      endedAt: hasEnded(state) ? (last?.endedAt ?? step.endedAt ?? null) : null,
      ...(state !== "complete" && { output: null, outputLength: 0 }),
    };
  });
}

function begun(attempts: readonly Attempt[], time: number): Attempt[] {
  return attempts
    .filter(({ beganAt }) => Date.parse(beganAt) <= time)
    .sort((a, b) => Date.parse(a.beganAt) - Date.parse(b.beganAt));
}

/** Whether the step is at that time what it is now. */
function reached({ endedAt, leasedAt }: Step, time: number): boolean {
  const since = endedAt ?? leasedAt;
  return since !== null && since !== undefined && Date.parse(since) <= time;
}

/** The state of a step by itself, without a look at those before it. */
function alone(step: Step, attempts: readonly Attempt[], time: number): StepState {
  if (reached(step, time)) return step.state;
  const last = begun(attempts, time).at(-1);
  if (!last) return "queued";
  if (Date.parse(last.endedAt) > time) return "running";
  if (last.outcome === "complete") return "complete";
  return last.outcome === "asked" ? "waiting" : "queued";
}
