/** What can go wrong with a request, as a person is told it. */
import type { Schemas } from "./wire";

export type Code = Schemas["Code"];

/** An answer that is not a success. */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    readonly status: number,
    readonly code: Code,
    message: string,
    readonly details: Record<string, unknown> | null = null,
    readonly requestId: string | null = null,
    /** When to come back, in seconds, if the server has said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** No answer: the server cannot be reached. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  constructor() {
    super("The server cannot be reached. What you typed is still here; try again when the connection is back.");
  }
}

/** The problem that a response tells. */
export async function problemOf(response: Response): Promise<Problem> {
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfter = Number.isFinite(after) ? after : null;
  try {
    const body = (await response.json()) as Schemas["Problem"];
    const details = (body.details ?? null) as Record<string, unknown> | null;
    return new Problem(response.status, body.code, body.error, details, body.requestId ?? null, retryAfter);
  } catch {
    // A proxy between us answered, not Atelier.
    const text = `The server answered ${response.status} without saying why. Nothing is known to be saved.`;
    return new Problem(response.status, "UNKNOWN_ERROR", text, null, null, retryAfter);
  }
}

/** The sentence for the person, whatever was thrown. */
export function sentence(error: unknown): string {
  if (error instanceof Problem && error.code === "RATE_LIMITED" && error.retryAfter !== null) {
    return `${error.message} Try again in ${error.retryAfter} s.`;
  }
  return error instanceof Error ? error.message : "Something went wrong.";
}

/** Whether the same request may succeed later. */
export function passing(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && (error.status === 429 || error.status >= 502));
}

/** What is wrong with one field of a form, when the problem names it. */
export function fieldProblem(error: unknown, field: string): string | null {
  if (!(error instanceof Problem) || error.details?.["field"] !== field) return null;
  const reason = error.details["reason"];
  return typeof reason === "string" ? reason : error.message;
}
