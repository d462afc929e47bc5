/** The rules of what waits for runners. */
import { expect, test } from "vitest";
import { isRemote, waits } from "./queue";
import type { Step } from "./run";
import { step } from "./run.fixture";

const QUEUE = "one/fleet/prj_1#";
const runner = (id: string, present: boolean) => ({
  ...{ id, name: id.slice(4), ownerId: "usr_1", ownerName: "Ada", seenAt: null, present },
  ...{ version: "0.1.0", platform: "linux", slots: 2 },
});
const remote = (queue: string, more: Partial<Step> = {}) => step("stp_1", "do", [], { queue: QUEUE + queue, ...more });
const said = (one: Step, runners: ReturnType<typeof runner>[], others: Step[] = []) => waits(one, runners, others, 0);

test("steps of the fleet's queues are done by runners, and no others", () => {
  expect(isRemote(remote("command"))).toBe(true);
  expect(isRemote(remote("on/rnr_forge"))).toBe(true);
  expect(isRemote(step("a", "a"))).toBe(false);
});

test("a step says whether anybody is there who could do it", () => {
  const one = remote("command");
  expect(said(one, [])).toBe("Waits for a runner: none serves this project");
  expect(said(one, [runner("rnr_forge", false)])).toBe("Waits for a runner: none that serves this project is present");
  expect(said(one, [runner("rnr_forge", true)])).toBe("Waits for a runner that can do it");
  expect(said(remote("agent/scribe"), [runner("rnr_forge", true)])).toBe(
    "Waits for a runner that has the agent scribe",
  );
});

test("a step that is meant for one runner waits for that one", () => {
  const one = remote("on/rnr_forge");
  expect(said(one, [runner("rnr_mill", true)])).toBe("Waits for a runner that does not serve this project");
  expect(said(one, [runner("rnr_mill", true), runner("rnr_forge", false)])).toBe("Waits for forge, which is absent");
});

test("of all that is to be done in a project one step is done at a time", () => {
  const busy = step("stp_2", "do", [], { queue: `${QUEUE}command`, state: "running", reason: null });
  expect(said(remote("command"), [runner("rnr_forge", true)], [busy])).toBe(
    "Waits for its turn: one thing is done at a time in a project",
  );
});

test("what every other step may wait for, it is told of in the same words", () => {
  expect(said(remote("command", { reason: { kind: "paused", why: "Ada paused it." } }), [])).toBe(
    "The run is paused: Ada paused it.",
  );
  expect(said(remote("command", { state: "running", reason: null }), [])).toBeNull();
});
