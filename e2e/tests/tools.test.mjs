/** Tools of others: an owner names a server, tries it, and trusts a tool; and what agents say stands in a step's log. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { film } from "../support/film.mjs";
import { seen } from "../support/looks.mjs";
import { firstPerson } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

let server;
let browser;
let ada;
let api;
let project;

before(async () => {
  server = await startServer({ ATELIER_TOOLS_PRIVATE_ADDRESSES: "true" });
  browser = await startBrowser();
  ada = await newPerson(browser);
  api = await firstPerson(server, ada);
  project = await api.film("The Long Tide", film(4).text);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test("an owner names a server with its token, tries it, trusts a tool, and forgets it", async () => {
  const { page } = ada;
  // The server itself is one, for who has a key.
  const { key } = await api.post("/auth/keys", { name: "tools", scope: "read" });
  await page.goto(`${server.base}/projects/${project}/settings/tools`);
  await page.getByText("No server is named yet").waitFor();
  await page.getByLabel("Name", { exact: true }).fill("house");
  await page.getByLabel("Address").fill(`${server.base}/mcp`);
  await page.getByLabel("Token").fill(key);
  await page.getByRole("main").getByRole("button", { name: "Save" }).click();
  const row = page.getByRole("listitem").filter({ hasText: "with a token" });
  await row.getByRole("button", { name: "Try it" }).click();
  await row.getByText(/It answered, and has \d+ tools/).waitFor();
  const order = row.getByRole("listitem").filter({ hasText: "order_work" });
  await order.getByRole("checkbox").click();
  await order.getByRole("checkbox", { checked: true }).waitFor();
  await seen(page, "tools");
  await page.waitForFunction(
    async ([path, token]) => {
      const answer = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
      return (await answer.json()).trusted.includes("order_work");
    },
    [`${server.base}/api/v1/projects/${project}/tool-servers/house`, key],
  );
  assert.ok(!(await page.content()).includes(key), "a token is not kept in the page");
  await row.getByRole("button", { name: "Forget it" }).click();
  await page.getByText("No server is named yet").waitFor();
});

test("what a head told the others stands in its step's log in words", async () => {
  const { page } = ada;
  const { taskId: run } = await api.post("/orchestrator/task", {
    projectId: project,
    task: "List the sounds and the music",
    departments: ["audio"],
  });
  const detail = await api.get(`/projects/${project}/runs/${run}?wait=30`);
  const head = detail.steps.find(({ name }) => name === "audio/head");
  await page.goto(`${server.base}/projects/${project}/runs/${run}?step=${head.id}`);
  await page.getByRole("tab", { name: "Log" }).click();
  const log = page.getByRole("log", { name: "Log" });
  await log.getByText("Audio · head tells everybody").waitFor();
  await seen(page, "said");
});

test("no page met an error", () => {
  assert.deepEqual(ada.faults, []);
});
