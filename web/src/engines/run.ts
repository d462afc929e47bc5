/** A run as a fold of its events: what was read of it, brought forward by each event that came after. */
import type { components } from "../generated/api";

type Schemas = components["schemas"];
export type Run = Schemas["Run"];
export type Step = Schemas["Step"];
export type StepState = Schemas["StepState"];
export type RunDetail = Schemas["RunDetail"];
type ToClient = Schemas["ToClient"];
export type RunEvent = Extract<ToClient, { type: "run:updated" | "step:updated" }>;
type Standing = Schemas["RunStanding"];

const ENDED: readonly string[] = ["complete", "failed", "cancelled"];

/** Whether nothing more happens to a run or step by itself. */
export function hasEnded(state: Run["state"] | StepState): boolean {
  return ENDED.includes(state);
}

/** Whether a worker has the step. */
export function isHeld(state: StepState): boolean {
  return state === "leased" || state === "running";
}

/** How its run stands since an event. */
export function standingOf(event: RunEvent): Standing {
  return event.type === "run:updated" ? event : event.run;
}

/** The run after an event; what it counts already changes nothing. */
export function advance(detail: RunDetail, event: RunEvent): RunDetail {
  if (event.seq <= detail.seq) return detail;
  const run = stood(detail.run, standingOf(event), event.timestamp);
  if (event.type === "run:updated") return { ...detail, seq: event.seq, run };
  const steps = detail.steps.map((step) => (step.id === event.stepId ? turned(step, event) : step));
  return { ...detail, seq: event.seq, run, steps };
}

/** A run with the standing that an event tells. */
export function stood(run: Run, standing: Standing, at: string): Run {
  const { state, paused, total, complete, failed, cancelled } = standing;
  return {
    ...run,
    state,
    paused: paused ?? null,
    total,
    complete,
    failed,
    cancelled,
    startedAt: run.startedAt ?? (state === "running" ? at : null),
    endedAt: hasEnded(state) ? (run.state === state && run.endedAt ? run.endedAt : at) : null,
  };
}

function turned(step: Step, { state, reason, attempt, timestamp }: Extract<RunEvent, { type: "step:updated" }>): Step {
  const held = isHeld(state);
  const ended = hasEnded(state);
  return {
    ...step,
    state,
    reason: reason ?? null,
    attempt,
    leasedAt: held ? (state === "leased" ? timestamp : (step.leasedAt ?? timestamp)) : null,
    worker: held ? (step.worker ?? null) : null,
    endedAt: ended ? timestamp : null,
    // What an earlier attempt gave counts no more once the step is done again.
    ...(state !== "complete" && { output: null, outputLength: 0 }),
  };
}

/** The share of its steps that have ended, 0 to 1. */
export function progress({
  total,
  complete,
  failed,
  cancelled,
}: Pick<Standing, "total" | "complete" | "failed" | "cancelled">): number {
  return total === 0 ? 0 : (complete + failed + cancelled) / total;
}

/** The department that a step's name begins with; null for a step of none. */
export function departmentOf(name: string): string | null {
  const slash = name.indexOf("/");
  return slash > 0 ? name.slice(0, slash) : null;
}

/** The step of the agent whose work a step is a part of; null for a step that is about the whole. */
export function wholeOf(name: string): string | null {
  const slash = name.indexOf("/", name.indexOf("/") + 1);
  return slash > 0 && departmentOf(name) !== null ? name.slice(0, slash) : null;
}

/** The steps that are parts of others, by the id of the step that puts them together, in their order. */
export function partsOf<T extends Pick<Step, "id" | "name">>(steps: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const ids = new Map(steps.map(({ id, name }) => [name, id]));
  const found = new Map<string, T[]>();
  for (const step of steps) {
    const whole = wholeOf(step.name);
    const id = whole === null ? undefined : ids.get(whole);
    if (id === undefined) continue;
    const known = found.get(id);
    if (known) known.push(step);
    else found.set(id, [step]);
  }
  return found;
}

/** Whether a step is the one that grades its department's work. */
export function isHead(name: string): boolean {
  return name.endsWith("/head");
}

/** What a step is called: its agent's title, or its name. */
export function titleOf(step: Pick<Step, "name" | "input">): string {
  // Not every step is given something, whatever the type says of it.
  const title = (step.input as Step["input"] | null)?.["title"];
  if (typeof title === "string" && title !== "") return title;
  const name = step.name.slice(step.name.indexOf("/") + 1).replaceAll(/[-_]/g, " ");
  return name === "result" ? "Result" : capital(name);
}

/** `image-quality` as people read it. */
export function capital(name: string): string {
  const words = name.replaceAll(/[-_]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the steps say of how good they are, 0 to 1, by step. Heads grade their specialists. */
export function scores(steps: readonly Step[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const byName = new Map(steps.map((step) => [step.name, step.id]));
  for (const { id, name, output } of steps) {
    const own = number(output?.["score"]) ?? number(output?.["quality"]);
    if (own !== null && !found.has(id)) found.set(id, own);
    const department = departmentOf(name);
    if (department === null || !Array.isArray(output?.["outputs"])) continue;
    for (const graded of output["outputs"] as { agent?: unknown; overall?: unknown }[]) {
      const agent = byName.get(`${department}/${String(graded.agent)}`);
      const overall = number(graded.overall);
      if (agent !== undefined && overall !== null) found.set(agent, overall);
    }
  }
  return found;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The state of several steps as one: what needs to be seen first wins. */
export function together(states: readonly StepState[]): StepState {
  for (const state of ["failed", "waiting", "running", "leased"] as const) if (states.includes(state)) return state;
  if (states.length > 0 && states.every((state) => state === "complete")) return "complete";
  return states.includes("cancelled") ? "cancelled" : "queued";
}

/** How many steps are in each state, what needs to be seen first at the beginning; states of none are left out. */
export function counted(states: readonly StepState[]): { state: StepState; count: number }[] {
  const order: readonly StepState[] = ["failed", "waiting", "running", "leased", "complete", "cancelled", "queued"];
  return order.flatMap((state) => {
    const count = states.filter((one) => one === state).length;
    return count === 0 ? [] : [{ state, count }];
  });
}

/** How long each step's last attempt took that has ended, in milliseconds, by step. */
export function durations(attempts: RunDetail["attempts"]): ReadonlyMap<string, number> {
  return new Map(attempts.map(({ stepId, beganAt, endedAt }) => [stepId, Date.parse(endedAt) - Date.parse(beganAt)]));
}
