/** Steps that runners do: which those are, and what is told of one that is under way or waits. */
import type { components } from "../generated/api";
import type { Step } from "./run";

type Queued = components["schemas"]["Queued"];
type Serving = components["schemas"]["ServingRunner"];

/** The queues of remote steps begin so; `gateway::orders`. */
const QUEUE = /^one\/fleet\//;

/** Whether runners do a step. */
export function isRemote({ queue }: Pick<Step, "queue">): boolean {
  return QUEUE.test(queue);
}

/** Where a step of the queue is, in a sentence; `clock` says a time of the day. */
export function told({ state, runnerName, reason }: Queued, clock: (timestamp: string) => string): string {
  if (state === "running") return runnerName ? `On ${runnerName}` : "On a runner that is no more";
  if (!reason) return "Waits";
  return reason.until ? `${reason.message} Until ${clock(reason.until)}.` : reason.message;
}

/** What a runner can do, as it said when it joined last. */
export function abilities({ commands, agents, tools }: Pick<Serving, "commands" | "agents" | "tools">): string[] {
  return [
    ...(commands ? ["commands"] : []),
    ...agents.map((agent) => `agent ${agent}`),
    ...tools.map((tool) => `tools ${tool}`),
  ];
}

/** What a runner did within seven days, in words; `took` says a length of time. */
export function did(
  { done, failed, meanMs }: Pick<Serving, "done" | "failed" | "meanMs">,
  took: (milliseconds: number) => string,
): string {
  if (done + failed === 0) return "nothing done in 7 days";
  const mean = meanMs == null ? "" : `, ${took(meanMs)} on average`;
  return `${done} done and ${failed} failed in 7 days${mean}`;
}
