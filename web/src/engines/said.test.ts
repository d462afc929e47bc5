import { expect, test } from "vitest";
import { said } from "./said";

const message = (more: object) =>
  JSON.stringify({
    from: "audio/cues",
    topic: "work.accepted",
    type: "notification",
    payload: {},
    timestamp: 1,
    correlation_id: "c1",
    priority: 5,
    ...more,
  });

test("a message says who tells whom what", () => {
  const data = { department: "audio", outputs: [{ title: "Cue list" }, { title: "Noises" }] };
  expect(said(message({ payload: { action: "accepted", data } }))).toEqual({
    from: "Audio · cues",
    to: [],
    does: "tells",
    topic: "work.accepted",
    words: "Accepted: Cue list, Noises",
    by: null,
    remembered: null,
  });
});

test("a question and its answer are told in words, and by whom it was answered", () => {
  const question = said(
    message({ to: "character/head", type: "query", payload: { action: "ask", data: { question: "Who?" } } }),
  );
  expect([question?.does, question?.to, question?.words]).toEqual(["asks", ["Character · head"], "Who?"]);
  const answer = said(
    message({
      to: ["a/b", "c/d"],
      type: "response",
      payload: { action: "answer", data: "Mara does.", context: { by: "rules" } },
    }),
  );
  expect([answer?.to, answer?.words, answer?.by]).toEqual([["A · b", "C · d"], "Mara does.", "rules"]);
});

test("what is no message is not shown as one", () => {
  expect(said("{")).toBeNull();
  expect(said("{}")).toBeNull();
  expect(said(message({ type: "shout" }))).toBeNull();
});
