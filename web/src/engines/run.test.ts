/** The rules of a run as a fold of its events. */
import { expect, test } from "vitest";
import { at, detail, step } from "./run.fixture";
import {
  advance,
  counted,
  departmentOf,
  partsOf,
  progress,
  type RunDetail,
  type RunEvent,
  scores,
  type Step,
  titleOf,
  together,
  wholeOf,
} from "./run";

const two = () => detail([step("a", "story/structure"), step("b", "story/head", ["a"])]);

function told(
  seq: number,
  stepId: string,
  state: Step["state"],
  more: Partial<Extract<RunEvent, { type: "step:updated" }>> = {},
): RunEvent {
  const run = { runId: "run_1", kind: "task", title: "Prepare the film", total: 2, failed: 0, cancelled: 0 };
  return {
    type: "step:updated",
    seq,
    runId: "run_1",
    stepId,
    name: stepId,
    state,
    reason: null,
    attempt: 1,
    run: { ...run, state: "running", paused: null, complete: state === "complete" ? 1 : 0 },
    timestamp: at(seq),
    ...more,
  };
}

const stateOf = (run: RunDetail) => run.steps.map(({ state }) => state);

test("each event moves its step and its run on", () => {
  const begun = advance(two(), told(11, "a", "leased"));
  expect(begun.steps[0]).toMatchObject({ state: "leased", reason: null, attempt: 1, leasedAt: at(11) });
  expect(begun.run).toMatchObject({ state: "running", startedAt: at(11), endedAt: null });
  const running = advance(begun, told(12, "a", "running"));
  expect(running.steps[0]?.leasedAt).toBe(at(11));
  const done = advance(running, told(13, "a", "complete"));
  expect(done.steps[0]).toMatchObject({ state: "complete", leasedAt: null, endedAt: at(13) });
  expect(done.run.complete).toBe(1);
  // What an event does not tell of stays the same object: what shows it is not drawn anew.
  expect(done.steps[1]).toBe(begun.steps[1]);
});

test("an event that the answer counts already changes nothing", () => {
  const late = two();
  expect(advance(late, told(10, "a", "failed"))).toBe(late);
});

test("events that are told twice count once", () => {
  const events = [told(11, "a", "leased"), told(12, "a", "running"), told(13, "a", "complete")];
  const once = events.reduce(advance, two());
  expect([...events, ...events].reduce(advance, two())).toEqual(once);
});

test("whatever part of the stream a snapshot counts, the end is the same", () => {
  const events = [
    told(11, "a", "leased"),
    told(12, "a", "running"),
    told(13, "a", "complete"),
    told(14, "b", "leased"),
  ];
  const whole = events.reduce(advance, two());
  for (let cut = 0; cut <= events.length; cut++) {
    const snapshot = events.slice(0, cut).reduce(advance, two());
    expect(events.reduce(advance, snapshot)).toEqual(whole);
  }
});

test("a step that is done again has given nothing yet", () => {
  const done = advance(two(), told(11, "a", "complete"));
  const given: RunDetail = {
    ...done,
    steps: done.steps.map((one) => ({ ...one, output: { score: 1 }, outputLength: 11 })),
  };
  const again = advance(given, told(12, "a", "queued", { reason: { kind: "ready" } }));
  expect(again.steps[0]).toMatchObject({ state: "queued", endedAt: null, output: null, outputLength: 0 });
});

test("a run that goes on after its end has none any more", () => {
  const standing = {
    runId: "run_1",
    kind: "task",
    title: "",
    total: 2,
    complete: 1,
    failed: 1,
    cancelled: 0,
    paused: null,
  };
  const over = advance(two(), told(11, "b", "failed", { run: { ...standing, state: "failed" } }));
  expect(over.run.endedAt).toBe(at(11));
  const on = advance(over, told(12, "b", "queued", { run: { ...standing, failed: 0, state: "running" } }));
  expect(on.run).toMatchObject({ state: "running", endedAt: null });
});

test("a pause is told of the run alone", () => {
  const event: RunEvent = {
    type: "run:updated",
    seq: 11,
    runId: "run_1",
    kind: "task",
    title: "",
    state: "queued",
    paused: "Ada paused it.",
    total: 2,
    complete: 0,
    failed: 0,
    cancelled: 0,
    timestamp: at(11),
  };
  const paused = advance(two(), event);
  expect(paused.run.paused).toBe("Ada paused it.");
  expect(stateOf(paused)).toEqual(["queued", "queued"]);
});

test("several states are told as the one that needs to be seen first", () => {
  expect(together(["complete", "running"])).toBe("running");
  expect(together(["complete", "failed", "running"])).toBe("failed");
  // Between two steps nothing runs, and for as long as the run is paused.
  expect(together(["complete", "queued"])).toBe("queued");
  expect(together(["queued", "queued"])).toBe("queued");
  expect(together(["complete", "cancelled"])).toBe("cancelled");
  expect(together(["complete", "complete"])).toBe("complete");
});

test("a head's grades are the scores of its specialists", () => {
  const found = scores([
    step("a", "story/structure", [], { output: { quality: 0.5 } }),
    step("b", "story/head", ["a"], { output: { score: 0.9, outputs: [{ agent: "structure", overall: 0.9 }] } }),
    step("c", "audio/cues", [], { output: { quality: 0.7 } }),
  ]);
  expect([...found]).toEqual([
    ["a", 0.9],
    ["b", 0.9],
    ["c", 0.7],
  ]);
});

test("names are told as people read them", () => {
  expect(departmentOf("image-quality/head")).toBe("image-quality");
  expect(departmentOf("result")).toBeNull();
  expect(titleOf({ name: "result", input: {} })).toBe("Result");
  expect(titleOf({ name: "story/structure", input: { title: "Structure and pacing" } })).toBe("Structure and pacing");
  expect(progress({ total: 4, complete: 1, failed: 1, cancelled: 1 })).toBe(0.75);
});

test("a step of a part belongs to the step that puts the parts together", () => {
  expect(["visual/shots/12", "visual/shots", "visual/head", "result"].map(wholeOf)).toEqual([
    "visual/shots",
    null,
    null,
    null,
  ]);
  const steps = [
    step("a", "visual/shots"),
    step("b", "visual/shots/1"),
    step("c", "visual/shots/2"),
    step("d", "audio/cues/1"),
  ];
  expect([...partsOf(steps)].map(([whole, parts]) => [whole, parts.map(({ id }) => id)])).toEqual([["a", ["b", "c"]]]);
});

test("what needs to be seen first is counted first", () => {
  expect(counted(["queued", "complete", "failed", "complete"])).toEqual([
    { state: "failed", count: 1 },
    { state: "complete", count: 2 },
    { state: "queued", count: 1 },
  ]);
});

test("a step that is given nothing is called by its name", () => {
  expect(titleOf({ name: "plan", input: null as unknown as Step["input"] })).toBe("Plan");
});
