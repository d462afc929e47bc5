/** Listens to a stream of server-sent events over fetch, with a bearer token, and resumes where it broke off. */
import { backoff, type BackoffOptions } from "./backoff";
import { EventStreamParser, type ServerSentEvent } from "./sse";

/** What a stream needs of the world; all of it comes in as arguments. */
export interface StreamOptions {
  /** Opens the stream after the event of that id; the caller adds the token. */
  open: (lastEventId: string | null, signal: AbortSignal) => Promise<Response>;
  onEvent: (event: ServerSentEvent) => void;
  /** Told when the stream is open, waiting for a new attempt, or closed for good. */
  onState?: (state: StreamState) => void;
  /** Waits, and ends early when the signal does. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** From 0 up to 1. */
  chance: () => number;
  backoff?: BackoffOptions;
}

export type StreamState =
  { kind: "open" } | { kind: "waiting"; attempt: number } | { kind: "closed"; status: number | null };

const DEFAULT_BACKOFF: BackoffOptions = { first: 500, cap: 15_000 };

/** Answers that no new attempt would change; 401 is not one, because the caller may have a new token by then. */
const FINAL = new Set([400, 403, 404, 405, 410, 422]);

/** Listens until the signal ends it or the server refuses for good. */
export async function listen(options: StreamOptions, signal: AbortSignal): Promise<void> {
  let lastId: string | null = null;
  let attempt = 0;
  while (!signal.aborted) {
    let pause: number | null = null;
    try {
      const response = await options.open(lastId, signal);
      if (FINAL.has(response.status)) {
        options.onState?.({ kind: "closed", status: response.status });
        return;
      }
      if (response.ok && response.body) {
        options.onState?.({ kind: "open" });
        const parser: EventStreamParser = new EventStreamParser(lastId ?? "");
        for await (const text of decoded(response.body)) {
          for (const event of parser.feed(text)) {
            attempt = 0;
            if (event.id !== "") lastId = event.id;
            options.onEvent(event);
          }
        }
        pause = parser.retry;
      } else {
        pause = retryAfter(response);
      }
    } catch {
      // The network is gone, or the listener left: the loop's condition tells which.
    }
    if (signal.aborted) break;
    options.onState?.({ kind: "waiting", attempt });
    const wait = backoff(attempt, options.chance(), options.backoff ?? DEFAULT_BACKOFF);
    attempt++;
    await options.wait(Math.max(wait, pause ?? 0), signal);
  }
  options.onState?.({ kind: "closed", status: null });
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}

async function* decoded(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
