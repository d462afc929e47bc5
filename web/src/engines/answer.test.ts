/** The rules of an answer that comes in pieces. */
import { expect, test } from "vitest";
import { advance, type LiveAnswer, type StreamEvent } from "./answer";

const start: StreamEvent = { type: "start", messageId: "msg_1", mode: "query" };
const chunk = (delta: string): StreamEvent => ({ type: "chunk", content: delta, delta });

function play(events: [StreamEvent, string][]): LiveAnswer | null {
  return events.reduce<LiveAnswer | null>((answer, [event, id]) => advance(answer, event, id), null);
}

test("chunks add up", () => {
  const answer = play([
    [start, "msg_1.0"],
    [chunk("Mara "), "msg_1.5"],
    [chunk("Voss"), "msg_1.9"],
  ]);
  expect(answer).toMatchObject({ content: "Mara Voss", state: "streaming" });
});

test("a chunk that is heard twice is added once, counted in characters", () => {
  const answer = play([
    [start, "msg_1.0"],
    [chunk("🎬é"), "msg_1.2"],
    [chunk("🎬é"), "msg_1.2"],
    [chunk("x"), "msg_1.3"],
  ]);
  expect(answer?.content).toBe("🎬éx");
});

test("the whole answer replaces what came in pieces", () => {
  const answer = play([
    [start, "msg_1.0"],
    [{ type: "complete", messageId: "msg_1", content: "All", mode: "query" }, "msg_1.end"],
  ]);
  expect(answer).toMatchObject({ content: "All", state: "complete" });
});

test("what was written before it broke off is kept", () => {
  const answer = play([
    [start, "msg_1.0"],
    [chunk("Half"), "msg_1.4"],
    [{ type: "error", error: "gone", code: "PROVIDER_ERROR" }, "msg_1.end"],
  ]);
  expect(answer).toMatchObject({ content: "Half", state: "failed", error: "gone" });
});

test("pieces of an answer whose beginning was not heard are not shown", () => {
  expect(play([[chunk("tail"), "msg_1.9"]])).toBeNull();
});
