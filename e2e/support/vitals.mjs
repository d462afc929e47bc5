/** What a page's visitor feels: when it paints, whether it moves, how soon it answers a hand. https://web.dev/articles/vitals */

/** Notes the browser's own measurements from the first moment of each page that the context opens. */
export async function observe(context) {
  await context.addInitScript(() => {
    const vitals = { fcp: null, lcp: null, shifts: [], interactions: new Map() };
    globalThis.vitals = vitals;
    const on = (type, options, take) =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...options });
    on("paint", {}, ({ name, startTime }) => {
      if (name === "first-contentful-paint") vitals.fcp = startTime;
    });
    on("largest-contentful-paint", {}, ({ startTime }) => (vitals.lcp = startTime));
    on("layout-shift", {}, ({ value, startTime, hadRecentInput, sources }) => {
      const where = sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? "");
      if (!hadRecentInput) vitals.shifts.push({ value, startTime, where });
    });
    on("event", { durationThreshold: 16 }, ({ interactionId, duration }) => {
      if (interactionId) vitals.interactions.set(interactionId, Math.max(duration, vitals.interactions.get(interactionId) ?? 0));
    });
  });
}

/** Two frames later everything that the last change has drawn is drawn, and measured. */
export function drawn(page) {
  return page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/**
 * What was measured since the page was opened. Times are in milliseconds; `inp` is null before an interaction, and is the
 * longest one, as the standard has it for fewer than fifty; one of less than 16 ms counts as 16.
 */
export async function vitalsOf(page) {
  await drawn(page);
  const { shifts, ...times } = await page.evaluate(() => {
    const { fcp, lcp, shifts, interactions } = globalThis.vitals;
    const longest = interactions.size > 0 ? Math.max(...interactions.values()) : null;
    return { fcp, lcp, shifts, inp: longest };
  });
  return { ...times, ...worstWindow(shifts) };
}

/** Layout shift is summed in windows of at most 5 s that end with a pause of 1 s; the worst of them counts. */
function worstWindow(shifts) {
  let worst = { cls: 0, moved: [] };
  let open = null;
  for (const { value, startTime, where } of shifts) {
    if (open === null || startTime - open.last > 1000 || startTime - open.first > 5000)
      open = { first: startTime, last: startTime, cls: 0, moved: [] };
    open.last = startTime;
    open.cls += value;
    open.moved.push(...where);
    if (open.cls > worst.cls) worst = { cls: open.cls, moved: open.moved };
  }
  return worst;
}
