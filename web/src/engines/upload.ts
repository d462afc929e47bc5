/** Sends a file in chunks, a few at a time, and goes on where an earlier attempt left off. */
import type { components } from "../generated/api";
import { backoff } from "./backoff";

export type Upload = components["schemas"]["Upload"];

/** The parts of a `File` that matter here. */
export interface Source {
  name: string;
  size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** One chunk, as its request's headers and body name it. */
export interface Chunk {
  index: number;
  total: number;
  /** The first byte, and the one behind the last. */
  start: number;
  end: number;
  size: number;
  bytes: ArrayBuffer;
}

/** What sending needs of the world. */
export interface UploadPort {
  create(body: { filename: string; size: number; sha256: string }, signal: AbortSignal): Promise<Upload>;
  /** The upload of that id, or null when the server has it no more. */
  get(id: string, signal: AbortSignal): Promise<Upload | null>;
  put(id: string, chunk: Chunk, signal: AbortSignal): Promise<Upload>;
  /** Whether the same request might succeed later. */
  retryable(error: unknown): boolean;
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
  chance(): number;
  /** Remembers, across reloads, which upload a file belongs to. */
  remember(fingerprint: string, id: string | null): void;
  recall(fingerprint: string): string | null;
}

export interface UploadProgress {
  /** `waiting`: a chunk did not get through, and is tried again after a while. */
  phase: "reading" | "sending" | "waiting";
  done: number;
  total: number;
}

/** Bytes that are read at once while the checksum is computed. */
const READ = 1024 * 1024;
const PARALLEL = 3;
/** For one chunk: about a quarter of a minute on the average, in which a server starts again or a network comes back. */
const ATTEMPTS = 8;

/** Sends the file; the upload that it gives is complete. */
export async function send(
  file: Source,
  port: UploadPort,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<Upload> {
  const sha256 = await checksum(file, (done) => onProgress({ phase: "reading", done, total: file.size }), signal);
  const fingerprint = `${sha256}.${file.size}`;
  const known = port.recall(fingerprint);
  let upload = known === null ? null : await port.get(known, signal);
  upload ??= await port.create({ filename: file.name, size: file.size, sha256 }, signal);
  port.remember(fingerprint, upload.id);

  // `missing` names at most the first thousand chunks, so one round may not be the last.
  while (!upload.complete) {
    if (upload.missing.length === 0) throw new Error("The file's checksum does not match what arrived. Send it again.");
    await sendMissing(file, upload, port, onProgress, signal);
    const after: Upload | null = await port.get(upload.id, signal);
    if (!after) throw new Error("The server has dropped the upload. Send the file again.");
    upload = after;
  }
  port.remember(fingerprint, null);
  return upload;
}

async function sendMissing(
  file: Source,
  upload: Upload,
  port: UploadPort,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const queue = [...upload.missing];
  let done = Math.max(0, file.size - queue.length * upload.chunkSize);
  onProgress({ phase: "sending", done, total: file.size });
  const lane = async () => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      const start = index * upload.chunkSize;
      const end = Math.min(file.size, start + upload.chunkSize);
      const bytes = await file.slice(start, end).arrayBuffer();
      const chunk = { index, total: upload.totalChunks, start, end, size: file.size, bytes };
      const waiting = () => onProgress({ phase: "waiting", done, total: file.size });
      await insist(() => port.put(upload.id, chunk, signal), port, waiting, signal);
      done = Math.min(file.size, done + (end - start));
      onProgress({ phase: "sending", done, total: file.size });
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, queue.length) }, lane));
}

async function insist<T>(
  attempt: () => Promise<T>,
  port: UploadPort,
  onWait: () => void,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (failures + 1 >= ATTEMPTS || !port.retryable(error)) throw error;
      onWait();
      await port.wait(backoff(failures, port.chance(), { first: 400, cap: 8_000 }), signal);
    }
  }
}

async function checksum(file: Source, onRead: (done: number) => void, signal: AbortSignal): Promise<string> {
  // Not WebCrypto: it wants the whole file in memory, and is missing where a page is served without TLS.
  const { sha256 } = await import("@noble/hashes/sha2.js");
  const hash = sha256.create();
  for (let start = 0; start < file.size; start += READ) {
    signal.throwIfAborted();
    const end = Math.min(file.size, start + READ);
    hash.update(new Uint8Array(await file.slice(start, end).arrayBuffer()));
    onRead(end);
  }
  return Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
