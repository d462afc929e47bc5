/** The rules of answers that a question names. */
import { expect, test } from "vitest";
import { alike, asked } from "./answers";

/** As `agents::budget::question` asks it. */
const how = (raise: string) =>
  `Answer \`${raise}\` to add so much (an owner can), \`rules\` to go on without a model, or \`cancel\` to end the run.`;

test("the answers that a question names are offered, and the question is asked without them", () => {
  const question = asked(
    `The language model may need 4,447 more tokens, but this run has used 990 of 1,000 tokens. ${how("raise 8894 tokens")}`,
  );
  expect(question.words).toMatch(/of 1,000 tokens\.$/);
  expect(question.offered).toEqual([
    { answer: "raise 8894 tokens", label: "Add 8,894 tokens", owner: true },
    { answer: "rules", label: "Go on by rules", owner: false },
    { answer: "cancel", label: "Cancel the run", owner: false },
  ]);
});

test("money, and both at once, are offered as people write them", () => {
  const first = (raise: string) => asked(`It may need more. ${how(raise)}`).offered[0];
  expect(first("raise 0.07 usd")).toEqual({ answer: "raise 0.07 usd", label: "Add $0.07", owner: true });
  expect(first("raise 8894 tokens and 1.50 usd")?.label).toBe("Add 8,894 tokens and $1.50");
});

test("questions about budgets are alike, whatever they need; those about calls never are", () => {
  const budget = (tokens: number) => `It may need ${tokens} more tokens. ${how(`raise ${tokens} tokens`)}`;
  const call = "May it post this? Answer `allow` or `refuse`.";
  expect([alike(budget(10), budget(20)), alike(call, call), alike(budget(10), call)]).toEqual([true, false, false]);
});

test("a question that names no answers is asked as it is", () => {
  expect(asked("Which key? Write it as `C minor`.")).toEqual({
    words: "Which key? Write it as `C minor`.",
    offered: [],
  });
});

test("a plan is agreed to or refused, and its tasks stay in the question", () => {
  const plan = asked("Shall these 2 tasks be done? Answer `allow` or `refuse`.\n1. Walls\n2. Roof (after 1)");
  expect(plan.words).toMatch(/^Shall these 2 tasks be done\?\s+1\. Walls\n2\. Roof \(after 1\)$/);
  expect(plan.offered.map(({ answer }) => answer)).toEqual(["allow", "refuse"]);
});
