/** The rules of a talk: heard from its beginning, caught up after a break, kept when it cannot be sent. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { enter } from "@/shared/session";
import { createTalk } from "./talk";

const CONVERSATION = "cnv_1";
const ANSWER = "msg_2";

/** A server of one conversation, that notes what it is asked for. */
class Server {
  readonly asked: string[] = [];
  readonly lastIds: (string | null)[] = [];
  /** What a request is answered with; by `METHOD path`. */
  answers: Record<string, () => Response> = {
    "POST chat": () => Response.json({ conversationId: CONVERSATION, messageId: ANSWER }, { status: 202 }),
    "POST stop": () => new Response(null, { status: 204 }),
  };
  private stream: ReadableStreamDefaultController<Uint8Array> | null = null;

  readonly fetch = (address: string, { method, headers }: { method: string; headers: Record<string, string> }) => {
    const path = address.split("?")[0]?.split("/").at(-1) ?? "";
    this.asked.push(`${method} ${path}`);
    const answer = this.answers[`${method} ${path}`];
    if (answer) return Promise.resolve().then(answer);
    this.lastIds.push(headers["last-event-id"] ?? null);
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (this.stream = controller) });
    return Promise.resolve(new Response(body));
  };

  tell(id: string, event: object): void {
    this.stream?.enqueue(
      new TextEncoder().encode(`event: message\nid: ${ANSWER}.${id}\ndata: ${JSON.stringify(event)}\n\n`),
    );
  }
  /** Fulfilled once somebody listens. */
  heard = () => vi.waitFor(() => expect(this.stream).not.toBeNull());
  chunk = (delta: string, upTo: number) => this.tell(String(upTo), { type: "chunk", content: delta, delta });
  complete = (content: string) => this.tell("end", { type: "complete", messageId: ANSWER, content, mode: "query" });
  cut = () => this.stream?.error(new Error("reset"));
}

let server: Server;

beforeEach(() => {
  server = new Server();
  vi.stubGlobal("fetch", server.fetch);
  vi.stubGlobal("requestAnimationFrame", (show: () => void) => {
    queueMicrotask(show);
    return 1;
  });
  vi.stubGlobal("cancelAnimationFrame", () => undefined);
  const user = { id: "per_1", email: "ada@example.org", name: "Ada" };
  enter({ accessToken: "t", expiresAt: "2999-01-01T00:00:00Z", user } as Parameters<typeof enter>[0]);
});

afterEach(() => vi.unstubAllGlobals());

test("a conversation begins with its first message, and the answer is heard from its beginning", async () => {
  const talk = createTalk("prj_1");
  await talk.say("query", "Who?");
  await vi.waitFor(() => expect(server.asked).toEqual(["POST chat", "GET stream"]));
  expect(server.lastIds).toEqual([`${ANSWER}.0`]);
  expect(talk.state.getState()).toMatchObject({
    conversation: CONVERSATION,
    phase: "writing",
    sent: { answerId: ANSWER },
  });
});

test("an answer grows as it is heard, and ends the talk's turn", async () => {
  const talk = createTalk("prj_1");
  await talk.say("query", "Who?");
  await server.heard();
  server.chunk("Mara", 4);
  await vi.waitFor(() => expect(talk.state.getState().answer?.content).toBe("Mara"));
  expect(talk.state.getState().phase).toBe("writing");
  server.complete("Mara Voss");
  await vi.waitFor(() =>
    expect(talk.state.getState()).toMatchObject({ phase: "idle", answer: { content: "Mara Voss" } }),
  );
});

test("a stream that breaks is taken up where it was, and the text has neither gap nor repeat", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const talk = createTalk("prj_1");
  await talk.say("query", "Who?");
  await server.heard();
  server.chunk("Mara", 4);
  await vi.waitFor(() => expect(talk.state.getState().answer?.content).toBe("Mara"));
  server.cut();
  await vi.waitFor(() => expect(talk.state.getState().broken).toBe(true));
  await vi.advanceTimersByTimeAsync(1000);
  await vi.waitFor(() => expect(server.lastIds).toEqual([`${ANSWER}.0`, `${ANSWER}.4`]));
  server.chunk("Mara", 4);
  server.chunk(" Voss", 9);
  await vi.waitFor(() =>
    expect(talk.state.getState()).toMatchObject({ broken: false, answer: { content: "Mara Voss" } }),
  );
  vi.useRealTimers();
});

test("what cannot be sent is kept with the reason, and can be taken back into the input", async () => {
  server.answers["POST chat"] = () =>
    Response.json({ error: "An answer is still being written.", code: "CONFLICT" }, { status: 409 });
  const talk = createTalk("prj_1");
  await talk.say("query", "Who?");
  expect(talk.state.getState()).toMatchObject({
    phase: "idle",
    sent: { content: "Who?" },
    failure: { code: "CONFLICT" },
  });
  talk.edit();
  expect(talk.state.getState()).toMatchObject({ sent: null, failure: null, draft: "Who?" });
});

test("a server that cannot be reached leaves what was said on the page", async () => {
  server.answers["POST chat"] = () => {
    throw new TypeError("network");
  };
  const talk = createTalk("prj_1");
  await talk.say("query", "Who?");
  expect(talk.state.getState()).toMatchObject({
    phase: "idle",
    sent: { content: "Who?" },
    failure: { name: "Unreachable" },
  });
});

test("a conversation that was removed elsewhere gives way to a new one", async () => {
  const talk = createTalk("prj_1");
  await talk.say("query", "Who?");
  await server.heard();
  server.complete("Mara");
  await vi.waitFor(() => expect(talk.state.getState().phase).toBe("idle"));
  server.answers["POST chat"] = () =>
    Response.json({ error: "There is no such conversation.", code: "NOT_FOUND" }, { status: 404 });
  await talk.say("query", "When?");
  expect(talk.state.getState()).toMatchObject({
    conversation: null,
    sent: { content: "When?" },
    failure: { code: "NOT_FOUND" },
  });
});

test("an answer whose conversation is removed while it is heard ends", async () => {
  server.answers["GET stream"] = () =>
    Response.json({ error: "There is no such conversation.", code: "NOT_FOUND" }, { status: 404 });
  const talk = createTalk("prj_1");
  await talk.say("query", "Who?");
  await vi.waitFor(() => expect(talk.state.getState().phase).toBe("idle"));
});

test("an answer that began elsewhere is heard from its beginning", async () => {
  const talk = createTalk("prj_1");
  talk.resume(CONVERSATION, ANSWER, "query");
  await server.heard();
  expect(server.lastIds).toEqual([`${ANSWER}.0`]);
  server.chunk("Mara", 4);
  await vi.waitFor(() => expect(talk.state.getState().answer).toMatchObject({ content: "Mara", state: "streaming" }));
});

test("turning away from a conversation stops hearing it", async () => {
  const talk = createTalk("prj_1");
  await talk.say("query", "Who?");
  await server.heard();
  talk.open(null);
  server.chunk("Mara", 4);
  await new Promise((done) => setImmediate(done));
  expect(talk.state.getState()).toMatchObject({ conversation: null, sent: null, answer: null, phase: "idle" });
});
