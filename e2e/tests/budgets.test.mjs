/** What language models may take: set by an owner, asked for when it is used up, and told afterwards. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { film } from "../support/film.mjs";
import { seen } from "../support/looks.mjs";
import { firstPerson, joins } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

let server;
let browser;
let ada;
let eli;
let vera;
let viewer;
let api;
let project;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  api = await firstPerson(server, ada);
  project = await api.film("The Long Tide", film(4).text);
  eli = await newPerson(browser);
  vera = await newPerson(browser);
  await joins(server, eli, api, { project, name: "Eli Marsh", email: "eli@example.org", role: "editor" });
  viewer = await joins(server, vera, api, { project, name: "Vera Gray", email: "vera@example.org", role: "viewer" });
  // A model where nobody listens, port 1 of this machine: a budget that is used up asks before any model is.
  await api.put("/settings/model", { provider: "ollama", model: "llama3.2", baseUrl: "http://127.0.0.1:1" });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const settings = () => `${server.base}/projects/${project}/settings/budgets`;

test("an owner sets budgets in tokens and dollars, and an empty field sets none", async () => {
  const { page } = ada;
  await page.goto(settings());
  await page.getByText("No budget of money is set").waitFor();
  await page.getByText("No language model was asked in this time").waitFor();
  await page.getByLabel("A run: tokens").fill("10");
  await page.getByLabel("A day: US dollars").fill("0.29");
  await page.getByRole("main").getByRole("button", { name: "Save" }).click();
  await page.getByText("The budgets are saved").waitFor();
  await seen(page, "budgets");
  const set = await api.get(`/projects/${project}/budgets`);
  assert.deepEqual([set.runTokens, set.dayMicroUsd, set.dayTokens, set.unpriced], [10, 290_000, null, false]);
  await page.reload();
  await page.getByText("No budget of money is set").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("A run: tokens").inputValue(), "10");
  assert.equal(await page.getByLabel("A day: US dollars").inputValue(), "0.29");
  assert.equal(await page.getByLabel("A day: tokens").inputValue(), "");
});

/** A run whose step asks, because its budget is used up. */
async function asking() {
  const { taskId } = await api.post("/orchestrator/task", {
    projectId: project,
    task: "List the sounds and the music",
    departments: ["audio"],
    async: true,
  });
  return taskId;
}

test("a step whose budget is used up asks in its run and in the bell, and goes on by rules when it is told so", async () => {
  const { page } = ada;
  const run = await asking();
  await page.goto(`${server.base}/projects/${project}/runs/${run}`);
  const question = page.getByRole("region", { name: "Question" });
  await question.getByText(/has used 0 of 10 tokens/).waitFor();
  await question.getByRole("button", { name: /^Add [\d,]+ tokens$/ }).waitFor();
  // Money is not short, and no command is shown that would have to be typed.
  assert.equal(await question.getByRole("button", { name: /^Add \$/ }).count(), 0);
  assert.doesNotMatch(await question.innerText(), /`/);
  await seen(page, "run-asks");

  await page.getByRole("button", { name: /^Notifications, .*1 waiting$/ }).click();
  const bell = page.getByRole("dialog", { name: "Notifications" });
  await bell.getByRole("group", { name: "Answers" }).getByRole("button", { name: "Go on by rules" }).click();
  await page.keyboard.press("Escape");
  await question.waitFor({ state: "detached" });
  await page.getByRole("main").locator("header").getByText("Complete", { exact: true }).waitFor();
  await page.getByRole("region", { name: "Steps" }).getByRole("button", { name: /^Cue list/ }).click();
  const step = page.getByRole("region", { name: "Step Cue list" });
  await step.getByText("A person decided to go on without a model.").waitFor();
  assert.equal(await step.getByRole("region", { name: "Added by a model" }).count(), 0);
});

test("an editor answers what a step asks, and only an owner is offered to add to the budget", async () => {
  const run = await asking();
  await eli.page.goto(`${server.base}/projects/${project}/runs/${run}`);
  const question = eli.page.getByRole("region", { name: "Question" });
  await question.getByText(/has used 0 of 10 tokens/).waitFor();
  await question.getByText("An owner can add to the budget.").waitFor();
  assert.equal(await question.getByRole("button", { name: /^Add / }).count(), 0);
  await question.getByRole("button", { name: "Open the step" }).click();
  const step = eli.page.getByRole("region", { name: "Step Cue list" });
  await step.getByRole("textbox", { name: "Or answer in words" }).fill("rules");
  await step.getByRole("button", { name: "Answer", exact: true }).click();
  await eli.page.getByRole("main").locator("header").getByText("Complete", { exact: true }).waitFor();
});

test("a viewer sees what is asked, and has no way to answer it", async () => {
  const { page } = vera;
  const run = await asking();
  await page.goto(`${server.base}/projects/${project}/runs/${run}`);
  const question = page.getByRole("region", { name: "Question" });
  await question.getByText(/has used 0 of 10 tokens/).waitFor();
  await question.getByText("An editor or an owner can answer it.").waitFor();
  await page.getByRole("main").locator("header").getByText("Waits for an answer", { exact: true }).waitFor();
  await seen(page, "run-asks-viewer");
  await question.getByRole("button", { name: "Open the step" }).click();
  const step = page.getByRole("region", { name: "Step Cue list" });
  await step.getByText(/^Waits for an answer/).first().waitFor();
  const main = page.getByRole("main");
  assert.equal(await main.getByRole("group", { name: "Answers" }).count(), 0);
  assert.equal(await main.getByRole("textbox").count(), 0);
  for (const name of ["Pause", "Cancel", "Retry"]) assert.equal(await main.getByRole("button", { name }).count(), 0, name);
  const { steps } = await api.get(`/projects/${project}/runs/${run}`);
  const asks = steps.find(({ state }) => state === "waiting");
  const answer = viewer.post(`/projects/${project}/runs/${run}/steps/${asks.id}/answer`, { answer: "rules" });
  await assert.rejects(answer, /403/);
  await api.post(`/projects/${project}/runs/${run}/cancel`);
});

test("usage is told by day, agent, person or model, and a call of unknown price is not told as free", async () => {
  const { page } = ada;
  const sum = { calls: 2, inputTokens: 12_000, outputTokens: 800, costMicroUsd: 31_000, unpricedCalls: 0 };
  const rows = {
    day: [{ key: "2026-11-21", label: null, ...sum }],
    person: [
      { key: "per_1", label: "Ada Lind", ...sum },
      { key: "", label: null, ...sum, inputTokens: 600, costMicroUsd: 0, unpricedCalls: 2 },
    ],
  };
  // No model is here that would be asked: what the server would tell is put in its place.
  await page.route(`**/api/v1/projects/${project}/usage?*`, (route) => {
    const by = new URL(route.request().url()).searchParams.get("by");
    return route.fulfill({ json: { rows: rows[by] ?? [], prices: "a list of prices" } });
  });
  await page.goto(settings());
  await page.getByRole("region", { name: "Usage by day" }).getByRole("row", { name: /^2026-11-21/ }).waitFor();
  await page.getByLabel("By", { exact: true }).selectOption("person");
  const people = page.getByRole("region", { name: "Usage by person" });
  await people.getByRole("row", { name: /^Ada Lind .*12,000 800 \$0\.03/ }).waitFor();
  await people.getByRole("row", { name: /^Nobody .*2 of unknown price/ }).waitFor();
  await people.getByRole("row", { name: /^In all .*4 12,600 1,600 \$0\.03 and 2 of unknown price/ }).waitFor();
  await seen(page, "usage");
  await page.unrouteAll();
});

test("no page met an error", () => {
  for (const { faults } of [ada, eli, vera]) assert.deepEqual(faults, []);
});
