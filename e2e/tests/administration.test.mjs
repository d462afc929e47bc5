/** What is set up once: keys for scripts, and the memory's embedder. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { seen } from "../support/looks.mjs";
import { firstPerson } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

let server;
let browser;
let ada;

before(async () => {
  // A package index where nobody listens: port 1 of this machine.
  server = await startServer({ PIP_INDEX_URL: "http://127.0.0.1:1/simple" });
  browser = await startBrowser();
  ada = await newPerson(browser);
  await firstPerson(server, ada);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const projects = (key) => fetch(`${server.base}/api/v1/projects`, { headers: { authorization: `Bearer ${key}` } });

test("a key is shown once, works over HTTP until it is removed, and its use is told", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/settings/keys`);
  await page.getByText("No keys yet").waitFor();
  await page.getByLabel("What for").fill("Nightly export");
  await page.getByLabel("May").selectOption("read");
  await page.getByRole("button", { name: "Make a key" }).click();
  const key = await page.getByLabel("Your new key, shown this once").inputValue();
  const row = page.getByRole("listitem").filter({ hasText: "Nightly export" });
  await row.getByText("never used").waitFor();
  await seen(page, "keys");

  assert.equal((await projects(key)).status, 200);
  const refused = await fetch(`${server.base}/api/v1/projects`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "Not by this key", type: "movie" }),
  });
  assert.equal(refused.status, 403, "a key that reads does not write");

  await page.reload();
  await row.getByText(/used/).filter({ hasNotText: "never" }).waitFor();
  assert.ok(!(await page.content()).includes(key), "a key is shown once");
  await row.getByRole("button", { name: "Remove" }).click();
  await page.getByText("No keys yet").waitFor();
  assert.equal((await projects(key)).status, 401);
});

test("an embedder that cannot be fetched says why, and can be asked for again", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/settings/memory`);
  await page.getByText("Not here", { exact: true }).waitFor();
  const fetch = page.getByRole("button", { name: /^Fetch/ });
  await fetch.click();
  await page.getByText("Failed", { exact: true }).waitFor();
  const told = await page.getByRole("region", { name: "Memory" }).innerText();
  assert.match(told, /could not be reached|cannot be reached/i);
  assert.ok(await fetch.isEnabled());
  await seen(page, "memory-failed");
});

test("no page met an error", () => {
  assert.deepEqual(ada.faults, []);
});
