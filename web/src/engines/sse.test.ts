/** The rules of reading server-sent events. */
import { expect, test } from "vitest";
import { EventStreamParser, type ServerSentEvent } from "./sse";

const STREAM =
  ': hello\nid: m.0\nevent: message\ndata: {"a":1}\n\ndata: one\r\ndata: two\r\nid: m.2\r\n\r\nretry: 1500\n\ndata:three\rid\r\rdata: never ended';

function read(pieces: string[]): ServerSentEvent[] {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.feed(piece));
}

test("events have their name, data and id, whatever ends the lines", () => {
  expect(read([STREAM])).toEqual([
    { name: "message", data: '{"a":1}', id: "m.0" },
    { name: "message", data: "one\ntwo", id: "m.2" },
    { name: "message", data: "three", id: "" },
  ]);
});

test("it does not matter where the stream is cut", () => {
  const whole = read([STREAM]);
  expect(read([...STREAM])).toEqual(whole);
  for (let at = 1; at < STREAM.length; at++) {
    expect(read([STREAM.slice(0, at), STREAM.slice(at)])).toEqual(whole);
  }
});

test("an event without data is none, and an unfinished one is not given", () => {
  expect(read(["event: x\n\n", "data: half\n"])).toEqual([]);
});

test("the server may say how long to wait", () => {
  const parser = new EventStreamParser();
  parser.feed("retry: 250\nretry: soon\n");
  expect(parser.retry).toBe(250);
});
