/** Waits for what no page tells of, by asking again as soon as it was answered. */

import { setImmediate as turn } from "node:timers/promises";

/** Longest time that anything may take, in milliseconds. */
const PATIENCE = 60_000;

/** Gives what `ask` gives, once that is something; `what` is told if it never comes. */
export async function until(what, ask) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    // What is waited for may be on its way to this very process.
    await turn();
  }
  throw new Error(`not within ${PATIENCE / 1000} s: ${what}`);
}
