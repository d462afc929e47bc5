/** The rules of why a step waits, in words. */
import { expect, test } from "vitest";
import { took, why } from "./reasons";
import type { Step } from "./run";
import { step } from "./run.fixture";

const NOW = Date.UTC(2026, 0, 1, 12);
const named = (id: string, title: string, more: Partial<Step> = {}) => step(id, id, [], { input: { title }, ...more });
const steps = (...all: Step[]) => new Map(all.map((one) => [one.id, one]));
const said = (reason: Step["reason"], more: Partial<Step> = {}, others: Step[] = []) =>
  why(
    step(
      "z",
      "z",
      others.map(({ id }) => id),
      { reason: reason ?? null, ...more },
    ),
    steps(...others),
    NOW,
  );

test("a step says for which others it waits", () => {
  const open = [named("a", "Cast"), named("b", "Cues"), named("c", "Plan", { state: "complete" })];
  expect(said({ kind: "parents", open: 2 }, {}, open)).toBe("Waits for “Cast” and “Cues”");
  expect(said({ kind: "parents", open: 5 }, {}, [])).toBe("Waits for 5 steps before it");
});

test("a step that failed once says when it is tried again, and why it failed", () => {
  const until = new Date(NOW + 4_200).toISOString();
  expect(said({ kind: "retry", until, error: "the lamp broke" })).toBe("Tries again in 5 s: the lamp broke");
  expect(said({ kind: "retry", until: new Date(NOW - 1).toISOString(), error: "x" })).toBe("Tries again now: x");
});

test("a step that will not be done says which other is the cause", () => {
  const parent = named("a", "Cast", { state: "failed" });
  const reason = { kind: "parent", step: "a", name: "a", state: "failed" } as const;
  expect(said(reason, { state: "cancelled" }, [parent])).toBe("Not done, because “Cast” failed");
});

test("a step that is under way or complete explains nothing", () => {
  expect(said(null, { state: "running" })).toBeNull();
  expect(said(null, { state: "complete" })).toBeNull();
});

test("lengths of time are told in what people count in", () => {
  expect([0, 420, 9_949, 12_400, 65_000, 7_800_000].map(took)).toEqual([
    "0.0 s",
    "0.4 s",
    "9.9 s",
    "12 s",
    "1 min 05 s",
    "2 h 10 min",
  ]);
});
