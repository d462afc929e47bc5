/** A run of 200 steps as the server would tell it, and how long the page's frames take while it is gone through. */

const MANY = 200;
/** How long each time takes, in milliseconds. */
const ROUND = 60_000;

/**
 * Puts such a run in the place of one that is there: an order that makes so many steps takes a film that no test has time
 * for, so the answer is that run one time after the other, in chains of departments. Gives its steps.
 */
export async function lengthened(page, { project, detail }) {
  const own = detail.steps.slice(0, -1);
  const steps = Array.from({ length: MANY }, (_, at) => {
    const { id, name, after, ...rest } = own[at % own.length];
    const round = Math.floor(at / own.length);
    const one = (step) => `${step}_${round}`;
    return { ...rest, id: one(id), name: `round-${round}-${name}`, after: after.map(one) };
  });
  const attempts = steps.flatMap(({ id }) => {
    const tried = detail.attempts.find(({ stepId }) => id.startsWith(`${stepId}_`));
    const later = (time) => new Date(Date.parse(time) + ROUND * Number(id.split("_").at(-1))).toISOString();
    return tried ? [{ ...tried, stepId: id, beganAt: later(tried.beganAt), endedAt: later(tried.endedAt) }] : [];
  });
  const path = `**/api/v1/projects/${project}/runs/${detail.run.id}`;
  const run = { ...detail.run, total: MANY, complete: MANY };
  await page.route(path, (route) => route.fulfill({ json: { ...detail, run, steps, attempts } }));
  await page.route(`${path}/steps/*`, (route) => {
    const id = route.request().url().split("/").at(-1);
    return route.fulfill({ json: steps.find((one) => one.id === id) });
  });
  return steps;
}

/** Goes from step to step by its key, once in each frame: how many frames, how many longer than 50 ms, the longest. */
export function goneThrough(page, times = 60) {
  return page.evaluate(async (times) => {
    const seen = { drawn: 0, long: 0, longest: 0 };
    let before = performance.now();
    for (let at = 0; at < times; at++) {
      dispatchEvent(new KeyboardEvent("keydown", { key: "j" }));
      const now = await new Promise(requestAnimationFrame);
      seen.drawn += 1;
      seen.longest = Math.max(seen.longest, now - before);
      if (now - before > 50) seen.long += 1;
      before = now;
    }
    return seen;
  }, times);
}

/** Moves the slider of its replay from the end to the beginning, once in each frame. */
export function scrubbed(page, times = 60) {
  return page.getByRole("slider", { name: "Time in the run" }).evaluate(async (slider, times) => {
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    const seen = { drawn: 0, long: 0, longest: 0 };
    const last = Number(slider.max);
    let before = performance.now();
    for (let at = 0; at < times; at++) {
      set.call(slider, String(Math.round(last * (1 - at / times))));
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      const now = await new Promise(requestAnimationFrame);
      seen.drawn += 1;
      seen.longest = Math.max(seen.longest, now - before);
      if (now - before > 50) seen.long += 1;
      before = now;
    }
    return seen;
  }, times);
}
