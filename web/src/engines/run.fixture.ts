/** Runs and steps for tests: as the server tells them, with nothing in them that a test does not say. */
import type { RunDetail, Step } from "./run";

/** So many seconds after the run was made. */
export const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)).toISOString();

export function step(id: string, name: string, after: string[] = [], more: Partial<Step> = {}): Step {
  return {
    id,
    name,
    queue: "agents",
    after,
    priority: "medium",
    limits: { attempts: 3, backoffMs: 0, graceMs: 0, leaseMs: 0, lifeMs: 0, quietMs: 0, runMs: 0 },
    state: "queued",
    reason: after.length > 0 ? { kind: "parents", open: after.length } : { kind: "ready" },
    attempt: 0,
    worker: null,
    leasedAt: null,
    endedAt: null,
    answer: null,
    input: {},
    output: null,
    outputLength: 0,
    ...more,
  };
}

export function detail(steps: Step[], more: Partial<RunDetail> = {}): RunDetail {
  return {
    seq: 10,
    run: {
      id: "run_1",
      projectId: "prj_1",
      kind: "task",
      title: "Prepare the film",
      state: "queued",
      paused: null,
      total: steps.length,
      complete: 0,
      failed: 0,
      cancelled: 0,
      logEnd: 0,
      createdAt: at(0),
      startedAt: null,
      endedAt: null,
    },
    steps,
    attempts: [],
    usage: [],
    ...more,
  };
}
