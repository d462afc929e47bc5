/** The rules of sending a file in chunks. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { send, type Chunk, type Upload, type UploadPort, type UploadProgress } from "./upload";

const CHUNK = 4;
const text = "FADE IN: the ferry";

/** A server that keeps chunks, and may fail on the way. */
function server(options: { failures?: number; refuse?: boolean; kept?: [number, string][]; drop?: boolean } = {}) {
  const chunks = new Map<number, string>(options.kept ?? []);
  const memory = new Map<string, string>();
  const puts: number[] = [];
  const waits: number[] = [];
  let created = 0;
  let failures = options.failures ?? 0;
  const state = (): Upload => {
    const total = Math.ceil(text.length / CHUNK);
    const missing = Array.from({ length: total }, (_, index) => index).filter((index) => !chunks.has(index));
    return {
      id: "upl_1",
      filename: "f",
      size: text.length,
      chunkSize: CHUNK,
      totalChunks: total,
      missing,
      complete: missing.length === 0,
    };
  };
  const port: UploadPort = {
    create: (body) => {
      created++;
      expect(body.sha256).toBe(createHash("sha256").update(text).digest("hex"));
      return Promise.resolve(state());
    },
    get: () => Promise.resolve(options.drop ? null : state()),
    put: (_, chunk: Chunk) => {
      puts.push(chunk.index);
      if (options.refuse) return Promise.reject(new TypeError("refused"));
      if (failures-- > 0) return Promise.reject(new Error("reset"));
      expect(chunk.end - chunk.start).toBe(chunk.bytes.byteLength);
      chunks.set(chunk.index, new TextDecoder().decode(chunk.bytes));
      return Promise.resolve(state());
    },
    retryable: (error) => !(error instanceof TypeError),
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    chance: () => 1,
    remember: (fingerprint, id) => {
      if (id === null) memory.delete(fingerprint);
      else memory.set(fingerprint, id);
    },
    recall: (fingerprint) => memory.get(fingerprint) ?? null,
  };
  const whole = () =>
    [...chunks]
      .sort(([a], [b]) => a - b)
      .map(([, piece]) => piece)
      .join("");
  return { port, whole, puts, waits, memory, created: () => created };
}

const file = Object.assign(new Blob([text]), { name: "ferry.fountain" });
const send_ = (port: UploadPort, progress: UploadProgress[] = [], signal = new AbortController().signal) =>
  send(file, port, (step) => progress.push(step), signal);

test("what arrives is what was sent, and progress ends at the whole", async () => {
  const it = server();
  const progress: UploadProgress[] = [];
  await send_(it.port, progress);
  expect(it.whole()).toBe(text);
  expect(progress.at(-1)).toEqual({ phase: "sending", done: text.length, total: text.length });
  expect(it.memory.size).toBe(0);
});

test("a chunk that fails is sent again after a growing wait", async () => {
  const it = server({ failures: 2 });
  await send_(it.port);
  expect(it.whole()).toBe(text);
  expect(it.waits).toEqual([400, 400]);
});

test("while a chunk waits for its next attempt the progress says so", async () => {
  const progress: UploadProgress[] = [];
  await send_(server({ failures: 1 }).port, progress);
  expect(progress.filter(({ phase }) => phase === "waiting")).toHaveLength(1);
  expect(progress.at(-1)?.phase).toBe("sending");
});

test("a chunk that never gets through ends the upload after a bounded number of attempts", async () => {
  const it = server({ failures: 1000 });
  await expect(send_(it.port)).rejects.toThrow("reset");
  const first = it.puts.filter((index) => index === 0);
  expect(first).toHaveLength(8);
});

test("a chunk that is refused ends the upload at once, and the upload can be resumed", async () => {
  const it = server({ refuse: true });
  await expect(send_(it.port)).rejects.toThrow("refused");
  expect(it.waits).toEqual([]);
  expect([...it.memory.values()]).toEqual(["upl_1"]);
});

test("an interrupted upload sends only what is missing", async () => {
  const it = server({
    kept: [
      [0, "FADE"],
      [2, " the"],
    ],
  });
  const sha256 = createHash("sha256").update(text).digest("hex");
  it.memory.set(`${sha256}.${text.length}`, "upl_1");
  await send_(it.port);
  expect(it.created()).toBe(0);
  expect(it.puts.toSorted()).toEqual([1, 3, 4]);
  expect(it.whole()).toBe(text);
});

test("an upload that the server dropped meanwhile is said to be lost", async () => {
  await expect(send_(server({ drop: true }).port)).rejects.toThrow(/dropped/);
});

test("cancelling ends it", async () => {
  const it = server();
  await expect(send_(it.port, [], AbortSignal.abort())).rejects.toThrow();
  expect(it.puts).toEqual([]);
});
