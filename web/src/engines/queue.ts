/** Steps that runners do: which those are, and why one of them waits. */
import type { components } from "../generated/api";
import { why } from "./reasons";
import { isHeld, type Run, type Step } from "./run";

type Serving = components["schemas"]["ServingRunner"];

/** The queues of remote steps: `one/fleet/{project}#` and `on/{runner}`, `command` or `agent/{name}`; `gateway::orders`. */
const QUEUE = /^one\/fleet\/[^#]*#(on|command|agent)\/?(.*)$/;

/** Whether runners do a step. */
export function isRemote({ queue }: Pick<Step, "queue">): boolean {
  return QUEUE.test(queue);
}

/** Whether a run is an order that was given to runners. */
export function isOrder({ kind }: Pick<Run, "kind">): boolean {
  return kind.startsWith("fleet.");
}

/** The sentence for a step that waits for a runner; null if there is nothing to explain. `others` are remote steps, too. */
export function waits(step: Step, runners: readonly Serving[], others: readonly Step[], now: number): string | null {
  if (step.reason?.kind !== "ready") return why(step, new Map([[step.id, step]]), now);
  const [, kind, what = ""] = QUEUE.exec(step.queue) ?? [];
  if (kind === "on") {
    const runner = runners.find(({ id }) => id === what);
    if (!runner) return "Waits for a runner that does not serve this project";
    if (!runner.present) return `Waits for ${runner.name}, which is absent`;
  }
  if (runners.length === 0) return "Waits for a runner: none serves this project";
  if (runners.every(({ present }) => !present)) return "Waits for a runner: none that serves this project is present";
  if (others.some(({ id, state }) => id !== step.id && isHeld(state))) {
    return "Waits for its turn: one thing is done at a time in a project";
  }
  return kind === "agent" ? `Waits for a runner that has the agent ${what}` : "Waits for a runner that can do it";
}
