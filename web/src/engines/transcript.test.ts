/** The rules of what is shown of a conversation. */
import { expect, test } from "vitest";
import type { LiveAnswer } from "./answer";
import { asked, SENT, transcript } from "./transcript";

type Messages = Parameters<typeof transcript>[0];

const question = {
  id: "msg_1",
  conversationId: "cnv_1",
  author: "user",
  mode: "query",
  state: "complete",
  content: "Who?",
  createdAt: "2026-01-01T00:00:00Z",
} as const;
const reply = { ...question, id: "msg_2", author: "assistant", content: "" } as const;
const live: LiveAnswer = {
  messageId: "msg_2",
  mode: "query",
  content: "Mara",
  state: "streaming",
  metadata: null,
  error: null,
};
const sent = { content: "Who?", mode: "query", answerId: null } as const;

const shown = (messages: Messages, ...rest: [Parameters<typeof transcript>[1], LiveAnswer | null]) =>
  transcript(messages, ...rest).map(({ author, content, state }) => `${author} ${state}: ${content}`);

test("what was sent is shown before the server lists it", () => {
  expect(transcript([], sent, null)).toMatchObject([{ id: SENT, author: "user", content: "Who?" }]);
  expect(shown([], sent, live)).toEqual(["user complete: Who?", "assistant streaming: Mara"]);
});

test("what the server lists is not shown twice", () => {
  const messages: Messages = [question, { ...reply, state: "streaming" }];
  expect(shown(messages, { ...sent, answerId: "msg_2" }, null)).toEqual([
    "user complete: Who?",
    "assistant streaming: ",
  ]);
  expect(shown(messages, sent, live)).toEqual(["user complete: Who?", "assistant streaming: Mara"]);
});

test("the server's word on an answer that has ended counts more than what was heard", () => {
  const messages: Messages = [question, { ...reply, state: "stopped", content: "Ma" }];
  expect(shown(messages, sent, { ...live, state: "complete" })).toEqual([
    "user complete: Who?",
    "assistant stopped: Ma",
  ]);
});

test("of two texts of an answer under way the longer is shown", () => {
  const messages: Messages = [question, { ...reply, state: "streaming", content: "Mara Voss" }];
  expect(shown(messages, null, live)[1]).toBe("assistant streaming: Mara Voss");
});

test("an older conversation is not mistaken for what was just said", () => {
  expect(shown([question, { ...reply, content: "Joss" }], sent, null)).toEqual([
    "user complete: Who?",
    "assistant complete: Joss",
    "user complete: Who?",
  ]);
});

test("a note that repeats the one of the answer before is marked", () => {
  const noted = { ...reply, metadata: { fallback: "No model." } };
  const rows = transcript([question, noted, { ...question, id: "msg_3" }, { ...noted, id: "msg_4" }], null, null);
  expect(rows.map(({ sameNote }) => sameNote)).toEqual([false, false, false, true]);
});

test("an answer is asked again with the words that it answered", () => {
  const rows = transcript(
    [question, reply, { ...question, id: "msg_3", content: "When?" }, { ...reply, id: "msg_4" }],
    null,
    null,
  );
  expect(asked(rows, "msg_4")?.content).toBe("When?");
  expect(asked(rows, "msg_2")?.content).toBe("Who?");
  expect(asked(rows, "nothing")).toBeNull();
});
