/** The rules of a run as it was. */
import { expect, test } from "vitest";
import { at as was, moments } from "./replay";
import { at, detail, step } from "./run.fixture";

const ms = (seconds: number) => Date.parse(at(seconds));

const attempt = (stepId: string, fence: number, begin: number, end: number, outcome = "complete") => ({
  stepId,
  fence,
  attempt: fence,
  worker: "w",
  outcome,
  error: outcome === "failed" ? "the lamp broke" : null,
  beganAt: at(begin),
  endedAt: at(end),
});

/** `a` fails once and is done at 6; `b` builds on it and is done at 9. */
const over = () =>
  detail(
    [
      step("a", "story/structure", [], { state: "complete", reason: null, attempt: 2, endedAt: at(6) }),
      step("b", "story/head", ["a"], { state: "complete", reason: null, attempt: 1, endedAt: at(9) }),
    ],
    { attempts: [attempt("a", 1, 1, 3, "failed"), attempt("a", 2, 4, 6), attempt("b", 1, 7, 9)] },
  );

const states = (seconds: number, run = over()) => was(run, ms(seconds)).map(({ state }) => state);

test("every recorded time is one moment, in order, from the order on", () => {
  expect(moments(over()).map((one) => (one.at - ms(0)) / 1000)).toEqual([0, 1, 3, 4, 6, 7, 9]);
});

test("nothing has begun at the first moment, even if it began within the same millisecond", () => {
  const run = over();
  run.attempts = [attempt("a", 1, 0, 3), ...run.attempts.slice(1)];
  expect(was(run, moments(run)[0]?.at ?? 0).map(({ state }) => state)).toEqual(["queued", "queued"]);
});

test("a step is what its attempts were at that time", () => {
  expect(states(0)).toEqual(["queued", "queued"]);
  expect(states(1)).toEqual(["running", "queued"]);
  expect(states(3)).toEqual(["queued", "queued"]);
  expect(states(5)).toEqual(["running", "queued"]);
  expect(states(6)).toEqual(["complete", "queued"]);
  expect(states(8)).toEqual(["complete", "running"]);
});

test("at its last moment a run is what it is now", () => {
  const run = over();
  const last = moments(run).at(-1)?.at ?? 0;
  expect(was(run, last).map(({ state, attempt: tries }) => [state, tries])).toEqual([
    ["complete", 2],
    ["complete", 1],
  ]);
});

test("what ended without an attempt ended when it is recorded", () => {
  const run = detail([step("a", "a", [], { state: "cancelled", reason: { kind: "asked", by: null }, endedAt: at(4) })]);
  expect(states(3, run)).toEqual(["queued"]);
  expect(was(run, ms(4))[0]).toMatchObject({ state: "cancelled", reason: { kind: "asked" } });
});

test("while a step is done again, nothing after it is complete", () => {
  const run = over();
  run.attempts = [...run.attempts, attempt("a", 3, 20, 22), attempt("b", 2, 23, 25)];
  run.steps = run.steps.map((one, place) => ({ ...one, endedAt: at(place === 0 ? 22 : 25) }));
  expect(states(15, run)).toEqual(["complete", "complete"]);
  expect(states(21, run)).toEqual(["running", "queued"]);
  expect(states(24, run)).toEqual(["complete", "running"]);
  expect(states(25, run)).toEqual(["complete", "complete"]);
});

test("what is under way now was not before it began", () => {
  const run = detail([step("a", "a", [], { state: "running", reason: null, attempt: 1, leasedAt: at(5) })]);
  expect(states(4, run)).toEqual(["queued"]);
  expect(states(6, run)).toEqual(["running"]);
  expect(was(run, ms(6))[0]?.leasedAt).toBe(at(5));
});

test("a step shows what it gave only once it has given it", () => {
  const run = over();
  run.steps = run.steps.map((one) => ({ ...one, output: { score: 0.8 }, outputLength: 13 }));
  expect(was(run, ms(8)).map(({ output }) => output)).toEqual([{ score: 0.8 }, null]);
});
