/** The rules of answers that a question names. */
import { expect, test } from "vitest";
import { asked } from "./answers";

/** As `agents::budget::question` asks it. */
const HOW =
  "Answer `raise 8894 tokens` or `raise 1.50 usd` to add so much (an owner can), `rules` to go on without a model, or `cancel` to end the run.";
const labels = (question: string) => asked(question).offered.map(({ label }) => label);

test("the answers that a question names are offered, and the question is asked without them", () => {
  const question = asked(
    `The language model may need 4447 more tokens and 0.0100 USD, but this run has used 990 of 1000 tokens and 1.2500 of 1.2500 USD. ${HOW}`,
  );
  expect(question.words).toMatch(/1\.2500 USD\.$/);
  expect(question.offered).toEqual([
    { answer: "raise 8894 tokens", label: "Add 8,894 tokens", owner: true },
    { answer: "raise 1.50 usd", label: "Add $1.50", owner: true },
    { answer: "rules", label: "Go on by rules", owner: false },
    { answer: "cancel", label: "Cancel the run", owner: false },
  ]);
});

test("what would not help is not offered", () => {
  const tokens = `The language model may need 4447 more tokens, but this run has used 0 of 10 tokens. ${HOW}`;
  expect(labels(tokens)).toEqual(["Add 8,894 tokens", "Go on by rules", "Cancel the run"]);
  const money = `The language model may need 10 more tokens and 0.0100 USD, but the project has used 1.0000 of 1.0000 USD. ${HOW}`;
  expect(labels(money)).toEqual(["Add $1.50", "Go on by rules", "Cancel the run"]);
});

test("an answer that was not understood leaves all of them", () => {
  expect(labels(`That answer was not understood. ${HOW}`)).toHaveLength(4);
});

test("a question that names no answers is asked as it is", () => {
  expect(asked("Which key? Write it as `C minor`.")).toEqual({
    words: "Which key? Write it as `C minor`.",
    offered: [],
  });
});
