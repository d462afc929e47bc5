/** The rules of reading a run's log. */
import { expect, test } from "vitest";
import { logged } from "./logged";

const entry = (start: number, kind: string, text: unknown) => ({
  start,
  kind,
  text: typeof text === "string" ? text : JSON.stringify(text),
  stepId: "stp_1",
  fence: 1,
  at: "2026-01-01T12:00:00Z",
});
const told = (kind: string, text: unknown) => {
  const [one] = logged([entry(0, kind, text)]);
  return `${one?.title}: ${one?.words}`;
};

test("what a model says in pieces is one entry, and what comes between parts it", () => {
  const all = logged([
    entry(0, "text", "The fog"),
    entry(1, "text", "horn leads."),
    entry(2, "tool_call", { tool: "recall", input: { query: "foghorn" }, call: "1" }),
    entry(3, "text", "So it does."),
  ]);
  expect(all.map(({ words }) => words)).toEqual(["The foghorn leads.", "recall", "So it does."]);
  expect(all[1]).toMatchObject({ title: "Called", whole: { query: "foghorn" } });
});

test("what a model said of the work is told by its summary once it is whole, and as it came until then", () => {
  const claim = (text: string) => ({ text, sources: ["ent_1"] });
  const answer = JSON.stringify({ summary: claim("The foghorn leads."), remarks: [claim("Loud.")], suggestions: [] });
  const [first, rest] = [entry(0, "text", answer.slice(0, 20)), entry(1, "text", answer.slice(20))];
  expect(logged([first, rest])).toMatchObject([
    { title: "Said", words: "The foghorn leads.", whole: { remarks: ["Loud."], suggestions: [] } },
  ]);
  expect(logged([first])).toMatchObject([{ title: "", words: answer.slice(0, 20) }]);
});

test("every kind is told in words and people's units", () => {
  expect(told("prompt", { model: "llama3.2", tools: ["recall"], messages: [] })).toBe("Asked: llama3.2, with recall");
  const usage = { input_tokens: 1_200, output_tokens: 80 };
  expect(told("spent", { model: { provider: "ollama", model: "llama3.2" }, spent: { usage } })).toBe(
    "Took: 1,200 tokens in, 80 out, of llama3.2",
  );
  expect(told("fallback", { to: "rules", because: "The model failed." })).toBe("Stands in: Rules. The model failed.");
  expect(told("budget", { raised: { tokens: 20_000, microUsd: 0 } })).toBe("Added to the budget: 20,000 tokens");
  expect(told("budget", { asked: "It has used 0 of 10 tokens. Answer `rules` to go on." })).toBe(
    "Asked a person: It has used 0 of 10 tokens.",
  );
  expect(told("output", { kept: { remarks: [{}], suggestions: [], dropped: 1 } })).toBe(
    "Kept: 1 remark, 0 suggestions; 1 without a source left out",
  );
  expect(told("score", { quality: 0.9, consistency: 0.746 })).toBe("Scores: quality 90 %, consistency 74 %");
  expect(told("goes_on", { messages: 4 })).toBe("Goes on: from where it was when it asked");
  expect(told("anew", { because: "its agent has changed since" })).toBe(
    "Begins anew: because its agent has changed since",
  );
  expect(told("revise", { step: "x", reasons: ["Too short."] })).toBe("Done again because: Too short.");
});

test("what is of a kind that nobody here knows, or is cut, is shown as it is", () => {
  expect(told("too_long", "The shot list is too long.")).toBe("Too long: The shot list is too long.");
  expect(told("weather", { sun: true })).toBe('Weather: {"sun":true}');
  expect(logged([entry(0, "prompt", { cut: '{"model": …' })])[0]?.whole).toBe('{"model": …');
});
