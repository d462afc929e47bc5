/** What a language model says more of an agent's work: shown apart, marked as its own, each sentence with its sources. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { film } from "../support/film.mjs";
import { seen } from "../support/looks.mjs";
import { startModel } from "../support/model.mjs";
import { firstPerson } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

const SUMMARY = "The foghorn leads, and everything else follows it.";
const REMARK = "The foghorn is heard before anybody speaks.";
const SUGGESTION = "Let the bell ring twice.";

let server;
let browser;
let model;
let ada;
let api;
let project;
let first;

before(async () => {
  model = await startModel((records) => {
    [first] = records;
    const claim = (text) => ({ text, sources: [first.id] });
    const unfounded = { text: "The director likes bells.", sources: ["ent_00000000000000000000000000"] };
    return { summary: claim(SUMMARY), remarks: [claim(REMARK), unfounded], suggestions: [claim(SUGGESTION)] };
  });
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  api = await firstPerson(server, ada);
  project = await api.film("The Long Tide", film(6).text);
  await api.put("/settings/model", model.settings);
  await api.put(`/projects/${project}/budgets`, { unpriced: true });
  await api.post("/orchestrator/task", { projectId: project, task: "List the sounds and the music", departments: ["audio"] });
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await model?.stop();
});

const step = () => ada.page.getByRole("region", { name: "Step Cue list" });

test("what a model added names the model, and each sentence leads to what it rests on", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects/${project}/runs`);
  await page.getByRole("list", { name: "Runs" }).getByRole("link").first().click();
  await page.getByRole("region", { name: "Steps" }).getByRole("button", { name: /^Cue list/ }).click();
  const added = step().getByRole("region", { name: "Added by a model" });
  await added.getByText("by understudy").waitFor();
  const remark = added.getByRole("listitem").filter({ hasText: REMARK });
  assert.match(await remark.getByRole("link").getAttribute("href"), new RegExp(`/records/${first.in}/${first.id}$`));
  await added.getByRole("listitem").filter({ hasText: SUGGESTION }).waitFor();
  await added.getByText("One of its claims was left out").waitFor();
  assert.equal(await added.getByText("The director likes bells").count(), 0);
  await seen(page, "step-added");
});

test("its summary is marked as the model's, and the one by rules is kept beside it", async () => {
  const summary = step().locator("p").filter({ hasText: SUMMARY });
  await summary.getByText("by understudy").waitFor();
  await step().getByText("The summary by rules").click();
  await step().locator("details").filter({ hasText: "The summary by rules" }).getByText(/sound/).waitFor();
});

test("the log tells in words what was asked, said, kept and paid for", async () => {
  await step().getByRole("tab", { name: "Log" }).click();
  const log = step().getByRole("log");
  const told = (words) => log.getByRole("listitem").filter({ hasText: words }).waitFor();
  await told("Asked understudy");
  await told("Took 1,200 tokens in, 80 out, of understudy");
  await told("Kept 1 remark, 1 suggestion; 1 without a source left out");
  await told(/Scores quality \d+ %/);
  await told(`Said ${SUMMARY}`);
  assert.equal(await log.getByText(/^\{/).count(), 0, "nothing is JSON");
  await seen(ada.page, "log");
});

test("an output that a model had a part in is marked where it is decided on", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects/${project}/reviews`);
  const output = page.getByRole("article", { name: /^Cue list/ });
  await output.getByText("by understudy").first().waitFor();
  await output.getByText(SUMMARY).waitFor();
});

test("what it took is told by model, as a call of unknown price", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects/${project}/settings/budgets`);
  await page.getByLabel("By", { exact: true }).selectOption("model");
  await page.getByRole("row", { name: /^understudy .*1,200 80 1 of unknown price/ }).waitFor();
  assert.equal(model.asked.length, 1);
});

test("no page met an error", () => assert.deepEqual(ada.faults, []));
