/** Nothing on a page moves under one's eyes while it comes: layout shift stays below what the standard calls good, by half. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { firstPerson } from "../support/person.mjs";
import { furnished, screens } from "../support/screens.mjs";
import { startServer } from "../support/server.mjs";
import { observe, vitalsOf } from "../support/vitals.mjs";

const MOST = 0.05;

let server;
let browser;
let ada;
let all;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  all = screens(await furnished(await firstPerson(server, ada)));
  await observe(ada.context);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const [width, height] of [
  [1440, 900],
  [390, 844],
]) {
  test(`at ${width} pixels no main screen moves while it comes`, async () => {
    await ada.page.setViewportSize({ width, height });
    const moved = [];
    for (const { name, path, ready } of all) {
      // On a phone the orchestrator is called, it is not part of the page that comes.
      if (name === "question" && width < 1280) continue;
      await ada.page.goto(`${server.base}${path}`);
      await ready(ada.page);
      const { cls, moved: what } = await vitalsOf(ada.page);
      if (cls >= MOST) moved.push(`${name}: ${cls.toFixed(3)} by ${what.join(" | ")}`);
    }
    assert.deepEqual(moved, []);
  });
}

test("no page met an error", () => assert.deepEqual(ada.faults, []));
