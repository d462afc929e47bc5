/** Scrolls a long list to its end as a person does, and tells what was seen on the way. */

/**
 * Scrolls the table's rows to the last of `total`; further rows arrive meanwhile.
 * `mostRows` were in the page at once; `frames` were longer than 50 ms, of `drawn` in all; `last` is the last row's place.
 */
export async function scrollToEnd(page, table, total) {
  return table.locator("[role=rowgroup]").last().evaluate(
    (scroller, total) =>
      new Promise((resolve) => {
        const seen = { mostRows: 0, long: 0, drawn: 0, longest: 0 };
        let before = performance.now();
        const frame = (now) => {
          const took = now - before;
          before = now;
          seen.drawn += 1;
          seen.longest = Math.max(seen.longest, took);
          if (took > 50) seen.long += 1;
          const rows = scroller.querySelectorAll("[role=row]");
          seen.mostRows = Math.max(seen.mostRows, rows.length);
          const last = Number(rows[rows.length - 1]?.getAttribute("aria-rowindex"));
          // The head of the table is its first row.
          if (last === total + 1) resolve({ ...seen, last });
          else {
            scroller.scrollTop += 600;
            requestAnimationFrame(frame);
          }
        };
        requestAnimationFrame(frame);
      }),
    total,
  );
}

/** The rows that stand within the list's visible part: their names, and the gaps in pixels that no row covers. */
export async function visibleRows(table) {
  return table.locator("[role=rowgroup]").last().evaluate((scroller) => {
    const { top, bottom } = scroller.getBoundingClientRect();
    const rows = [...scroller.querySelectorAll("[role=row]")]
      .map((row) => ({ box: row.getBoundingClientRect(), name: row.querySelector("[role=cell]")?.textContent ?? "" }))
      .filter(({ box }) => box.bottom > top && box.top < bottom)
      .sort((a, b) => a.box.top - b.box.top);
    let covered = top;
    let uncovered = 0;
    for (const { box } of rows) {
      uncovered += Math.max(0, Math.round(box.top - covered));
      covered = Math.max(covered, box.bottom);
    }
    return { names: rows.map(({ name }) => name), uncovered };
  });
}
