/** Waits for what no page tells of, by asking again as soon as it was answered. */

/** Longest time that anything may take, in milliseconds. */
const PATIENCE = 60_000;

/** Gives what `ask` gives, once that is something; `what` is told if it never comes. */
export async function until(what, ask) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer) return answer;
  }
  throw new Error(`not within ${PATIENCE / 1000} s: ${what}`);
}
