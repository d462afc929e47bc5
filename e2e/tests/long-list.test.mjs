/** A list of ten thousand records: it stays small in the page, and has no hole at whatever place one looks. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { firstPerson } from "../support/person.mjs";
import { scrollToEnd, visibleRows } from "../support/scrolling.mjs";
import { startServer } from "../support/server.mjs";

const MANY = 10_000;

let server;
let browser;
let ada;
let table;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  const api = await firstPerson(server, ada);
  const project = await api.concepts("Many Thoughts", MANY);
  await ada.page.goto(`${server.base}/projects/${project}/records/concepts`);
  table = ada.page.getByRole("table", { name: "Concepts" });
  await table.getByRole("link").first().waitFor();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const quiet = (page) => page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));

test("scrolled to its end, the list never holds more rows than a few screens", async () => {
  const { mostRows, last } = await scrollToEnd(ada.page, table, MANY);
  assert.equal(last, MANY + 1);
  // 17 rows of 40 pixels fit; a dozen stand ready above and below.
  assert.ok(mostRows < 60, `${mostRows} rows at once`);
});

test("once the scrolling rests there is no blank row, at the end, in the middle and at the beginning", async () => {
  const scroller = table.locator("[role=rowgroup]").last();
  for (const share of [1, 0.5, 0.123, 0]) {
    await scroller.evaluate((box, share) => (box.scrollTop = share * box.scrollHeight), share);
    await quiet(ada.page);
    const { names, uncovered } = await visibleRows(table);
    assert.ok(names.length > 10 && names.every((name) => name.trim() !== ""), `${share}: ${names}`);
    assert.equal(uncovered, 0, `${share}`);
  }
});

test("a name that is typed finds its row among all of them", async () => {
  await ada.page.getByRole("searchbox", { name: "Filter by name" }).fill("Concept 9876");
  await table.getByRole("link", { name: "Concept 9876" }).waitFor();
  assert.equal(await table.getByRole("link").count(), 1);
});

test("no page met an error", () => assert.deepEqual(ada.faults, []));
