/** The fleet as a project has it: its runners, what waits for them, and an order that is given to them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { seen } from "../support/looks.mjs";
import { obey } from "../support/machine.mjs";
import { firstPerson } from "../support/person.mjs";
import { built, onRunner } from "../support/remote.mjs";
import { startServer } from "../support/server.mjs";

let server;
let browser;
let ada;
let api;
let project;
let machine;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  api = await firstPerson(server, ada);
  ({ id: project } = await api.post("/projects", { name: "The Long Tide", type: "movie" }));
});

after(async () => {
  machine?.kill("SIGTERM");
  await browser?.close();
  await server?.stop();
});

const form = () => ada.page.getByRole("dialog", { name: "Do something on a machine" });
const words = () => form().getByRole("list", { name: "Program and arguments" }).getByRole("listitem").allInnerTexts();

test("a project without a runner says what one is, and where it is made", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects/${project}`);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Fleet" }).click();
  await page.getByText("No runner serves this project yet").waitFor();
  await seen(page, "fleet-empty");
  await page.getByRole("link", { name: "Make a runner" }).click();
  await page.getByRole("heading", { level: 2, name: "Runners" }).waitFor();
});

test("a runner that joins is told of with whose it is", async () => {
  const { page } = ada;
  const { key } = await api.post("/runners", { name: "forge" });
  machine = obey(`ATELIER_RUNNER_KEY=${key} atelier runner --server ${server.base} --project ${project}=/tmp`);
  for (let again = 0; again < 60; again++) if ((await api.get(`/projects/${project}/runners`))[0]?.present) break;
  await page.goto(`${server.base}/projects/${project}/fleet`);
  const row = page.getByRole("listitem", { name: "forge" });
  await row.getByText("Present", { exact: true }).waitFor();
  await row.getByText("of Ada Lind").waitFor();
});

test("a line becomes a program and its arguments as they are typed, and no shell reads it", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: "Do something" }).click();
  const line = form().getByLabel("Command");
  await line.fill(`git commit -m "a quiet harbour`);
  await form().getByText("is not closed").waitFor();
  assert.ok(await form().getByRole("button", { name: "Do it" }).isDisabled());
  await line.fill(`git commit -m "a quiet harbour" ''`);
  assert.deepEqual(await words(), ["git", "commit", "-m", "a quiet harbour", "empty"]);
  await line.fill("make | tee log");
  await form().getByText("is given to the program as it is").waitFor();
  await seen(page, "fleet-order");
  await line.fill("cargo test");
  await form().getByRole("button", { name: "One field for each" }).click();
  await form().getByRole("button", { name: "One more" }).click();
  await form().getByLabel("Argument 2", { exact: true }).fill("two words");
  await form().getByRole("button", { name: "As a line" }).click();
  assert.equal(await line.inputValue(), "cargo test 'two words'");
});

test("an order is given as it stands in the form, and opens on its output", async () => {
  const { page } = ada;
  const remote = { state: "running", executions: [{ fence: 1, streams: { output: built(1) } }] };
  const address = await onRunner(page, project, remote);
  const id = address.split("/").at(-1);
  let given;
  await page.route(`**/api/v1/projects/${project}/fleet/runs`, (route) => {
    given = route.request().postDataJSON();
    return route.fulfill({ status: 201, json: { id, projectId: project } });
  });
  await form().getByLabel("What it changes is").selectOption("branch");
  await form().getByLabel("Runner").selectOption("forge");
  await form().getByLabel("Minutes at most").fill("5");
  await form().getByLabel("Folder").fill("crates/store");
  await form().getByLabel("Files to bring back").fill("target/a.json\n\n target/b.json ");
  await form().getByRole("button", { name: "Do it" }).click();
  await page.getByRole("region", { name: "Output", exact: true }).getByText("Compiling 100 %").waitFor();
  const [{ id: runner }] = (await api.get("/runners")).docs;
  assert.deepEqual(given, {
    order: {
      engine: { kind: "command", argv: ["cargo", "test", "two words"] },
      folder: "crates/store",
      collect: ["target/a.json", "target/b.json"],
      deliver: "branch",
      bounds: { minutes: 5 },
    },
    runner,
  });
});

test("what is refused is told where it stands, and what was typed stays", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects/${project}/fleet`);
  await page.unroute(`**/api/v1/projects/${project}/fleet/runs`);
  const details = { field: "order.engine.name", reason: "must be 1 to 64 letters, digits, and - _ ." };
  await page.route(`**/api/v1/projects/${project}/fleet/runs`, (route) =>
    route.fulfill({ status: 400, json: { error: "The name makes no sense.", code: "VALIDATION_ERROR", details } }),
  );
  await page.getByRole("button", { name: "Do something" }).click();
  await form().getByLabel("What", { exact: true }).selectOption("A coding agent");
  await form().getByLabel("Agent", { exact: true }).fill("a b");
  await form().getByLabel("What it is to do").fill("Look at the tide.");
  await form().getByRole("button", { name: "Do it" }).click();
  await form().getByText("must be 1 to 64 letters").waitFor();
  assert.equal(await form().getByLabel("What it is to do").inputValue(), "Look at the tide.");
  await page.keyboard.press("Escape");
});

test("what waits says for what, and what was done leads to its run", async () => {
  const { page } = ada;
  const waiting = { state: "queued", executions: [] };
  await onRunner(page, project, waiting);
  const { run } = await page.evaluate((path) => fetch(path).then((answer) => answer.json()), `/api/v1/projects/${project}/runs/run_remote`);
  const done = { ...run, id: "run_done", title: "cargo fmt --check", state: "complete", complete: 1, endedAt: run.createdAt };
  await page.route(`**/api/v1/projects/${project}/runs?*`, (route) =>
    route.fulfill({ json: { docs: [run, done], totalDocs: 2, limit: 50, hasNextPage: false, nextCursor: null } }),
  );
  await page.reload();
  const queue = page.getByRole("region", { name: "Under way and waiting" });
  await queue.getByText("Waits for a runner that can do it").waitFor();
  await page.getByRole("region", { name: "Done" }).getByRole("link", { name: /cargo fmt/ }).waitFor();
  await seen(page, "fleet");
  await page.setViewportSize({ width: 360, height: 740 });
  await seen(page, "fleet-phone");
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`);
});

test("no page met another error than what was refused", () => {
  assert.deepEqual(
    ada.faults.filter((fault) => !/status of 400/.test(fault)),
    [],
  );
});
