/** How long to wait before the next attempt: exponential, capped, with full jitter so that clients do not come back together. */

export interface BackoffOptions {
  /** The first wait's upper bound, in milliseconds. */
  first: number;
  /** The longest wait's upper bound, in milliseconds. */
  cap: number;
}

/** The wait before attempt `attempt` (from 0); `chance` is from 0 up to 1. Never less than half of the first wait. */
export function backoff(attempt: number, chance: number, { first, cap }: BackoffOptions): number {
  const bound = Math.min(cap, first * 2 ** Math.min(attempt, 30));
  return Math.max(first / 2, Math.round(bound * chance));
}
