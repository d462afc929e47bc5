/** The rules of what is told of the fleet's queue and its runners. */
import { expect, test } from "vitest";
import { abilities, did, isRemote, told } from "./queue";
import { step } from "./run.fixture";

const queued = {
  ...{ runId: "run_1", stepId: "stp_1", title: "Count the boats", step: "do", priority: "medium" as const },
  ...{ queuedAt: "2026-01-01T00:00:00Z", state: "waiting" as const },
};
const clock = (timestamp: string) => timestamp.slice(11, 16);
const said = (more: object) => told({ ...queued, ...more }, clock);

test("steps of the fleet's queues are done by runners, and no others", () => {
  expect(isRemote(step("a", "do", [], { queue: "one/fleet/prj_1#command" }))).toBe(true);
  expect(isRemote(step("a", "do", [], { queue: "one/fleet/prj_1#on/rnr_forge" }))).toBe(true);
  expect(isRemote(step("a", "a"))).toBe(false);
});

test("a step is told by its runner, or by why it waits and until when", () => {
  expect(said({ state: "running", runnerName: "forge" })).toBe("On forge");
  const reason = { kind: "away", message: "forge is not there. It waits for a day." };
  expect(said({ reason })).toBe("forge is not there. It waits for a day.");
  expect(said({ reason: { ...reason, kind: "resting", until: "2026-01-01T10:30:00Z" } })).toBe(
    "forge is not there. It waits for a day. Until 10:30.",
  );
});

test("a runner tells what it can do and what it did", () => {
  expect(abilities({ commands: true, agents: ["scribe"], tools: ["weather"] })).toEqual([
    "commands",
    "agent scribe",
    "tools weather",
  ]);
  expect(did({ done: 0, failed: 0, meanMs: null }, String)).toBe("nothing done in 7 days");
  expect(did({ done: 3, failed: 1, meanMs: 250 }, (ms) => `${ms} ms`)).toBe(
    "3 done and 1 failed in 7 days, 250 ms on average",
  );
});
