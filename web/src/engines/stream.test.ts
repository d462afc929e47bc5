/** The rules of a stream that breaks off and comes back. */
import { expect, test } from "vitest";
import { listen, type StreamState } from "./stream";

/** A response whose body ends, or breaks, after these pieces. */
function streaming(pieces: string[], breaks = false): Response {
  const encoder = new TextEncoder();
  let at = 0;
  return new Response(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = pieces[at++];
        if (piece !== undefined) controller.enqueue(encoder.encode(piece));
        else if (breaks) controller.error(new Error("reset"));
        else controller.close();
      },
    }),
  );
}

/** Plays the answers in order, then ends the listener; gives what it asked for and heard. */
async function play(answers: (() => Response)[]) {
  const end = new AbortController();
  const asked: (string | null)[] = [];
  const heard: string[] = [];
  const states: StreamState[] = [];
  const waits: number[] = [];
  await listen(
    {
      open: (lastId) => {
        asked.push(lastId);
        const answer = answers.shift();
        if (!answer) {
          end.abort();
          return Promise.reject(new Error("ended"));
        }
        return Promise.resolve(answer());
      },
      onEvent: (event) => heard.push(event.data),
      onState: (state) => states.push(state),
      wait: (milliseconds) => {
        waits.push(milliseconds);
        return Promise.resolve();
      },
      chance: () => 0.5,
    },
    end.signal,
  );
  return { asked, heard, states, waits };
}

test("a stream that breaks resumes after the last event that was heard", async () => {
  const { asked, heard } = await play([
    () => streaming(["id: m.0\ndata: a\n\nid: m.1\ndata: b\n\nid: m.2\ndata: half"], true),
    () => streaming(["id: m.2\ndata: c\n\n"]),
  ]);
  expect(heard).toEqual(["a", "b", "c"]);
  expect(asked).toEqual([null, "m.1", "m.2"]);
});

test("characters that are cut between pieces stay whole", async () => {
  const bytes = new TextEncoder().encode("data: é\n\n");
  const { heard } = await play([
    () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes.slice(0, 7));
            controller.enqueue(bytes.slice(7));
            controller.close();
          },
        }),
      ),
  ]);
  expect(heard).toEqual(["é"]);
});

test("waits grow while nothing is heard, and begin anew once something is", async () => {
  const busy = () => new Response(null, { status: 503 });
  const { waits } = await play([busy, busy, busy, () => streaming(["data: x\n\n"]), busy]);
  expect(waits).toEqual([250, 500, 1000, 250, 500]);
});

test("the server's Retry-After is kept", async () => {
  const { waits } = await play([() => new Response(null, { status: 429, headers: { "retry-after": "7" } })]);
  expect(waits).toEqual([7000]);
});

test("a refusal ends the stream for good", async () => {
  const { asked, states } = await play([() => new Response(null, { status: 404 }), () => streaming([])]);
  expect(asked).toHaveLength(1);
  expect(states).toEqual([{ kind: "closed", status: 404 }]);
});
