/** The rules of what the audit log tells. */
import { expect, test } from "vitest";
import { did, more } from "./audited";

test("what was done is told in words, and as the server has it where there are none", () => {
  expect(did({ action: "fleet.ordered", details: {} })).toBe("Ordered something");
  expect(did({ action: "comet.seen", details: {} })).toBe("comet.seen");
});

test("what was done is told with what it was done to", () => {
  const told = (details: Record<string, unknown>) => more({ action: "it", details });
  expect(told({ program: "cargo", from: "slack" })).toBe("cargo, in Slack");
  expect(told({ from: "viewer", to: "editor" })).toBe("viewer → editor");
  const before = { commands: "editor", dayMinutes: null, dayCostMicros: 500_000 };
  expect(told({ before, after: { commands: "editor", dayMinutes: 1_200, dayCostMicros: null } })).toBe(
    "day minutes: no bound → 1,200, day cost: $0.50 → no bound",
  );
});
