/** Work that goes on without anybody: outputs that are saved unasked, and orders that are given at their time. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { seen } from "../support/looks.mjs";
import { firstPerson } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

let server;
let browser;
let ada;
let api;
let project;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser, { timezoneId: "Europe/Berlin" });
  api = await firstPerson(server, ada);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const row = () => ada.page.getByRole("listitem", { name: "Call sheets" });
const listed = () => api.get(`/projects/${project}/schedules`).then(({ docs }) => docs);
const badge = (name) => row().getByRole("heading").getByText(name, { exact: true });

test("an order that may save unasked does, and the next one asks again", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects`);
  await page.getByRole("button", { name: "Open the sample project" }).click();
  await page.getByRole("region", { name: "Scenes" }).waitFor();
  project = page.url().split("/").at(-1);
  await page.keyboard.press("Control+3");
  const unasked = page.getByRole("checkbox", { name: "Save what scores above 75 % without asking" });
  await unasked.check();
  await page.getByRole("textbox", { name: "Message in Task mode" }).fill("Prepare the film for shooting");
  await page.keyboard.press("Enter");
  const progress = page.getByRole("article", { name: "Progress of Prepare the film for shooting" });
  await progress.getByText(/^Complete/).waitFor();
  const { docs } = await api.get(`/projects/${project}/deliverables`);
  assert.ok(docs.length > 0, "something scored high, and nobody was asked");
  assert.equal(await unasked.isChecked(), false);
});

test("what is wrong with a schedule is told where it stands, and what was typed stays", async () => {
  const { page } = ada;
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Schedules" }).click();
  await page.getByText("Nothing is scheduled yet").waitFor();
  await page.getByRole("button", { name: "New schedule" }).click();
  const form = page.getByRole("dialog", { name: "New schedule" });
  await form.getByLabel("Name").fill("Call sheets");
  await form.getByLabel("Order").fill("Prepare tomorrow's call sheets");
  assert.equal(await form.getByLabel("Time zone").inputValue(), "Europe/Berlin");
  await form.getByLabel("When").selectOption("By a pattern");
  await form.getByLabel("Pattern").fill("30 17 * * someday");
  await form.getByRole("button", { name: "Schedule it" }).click();
  await form.locator("input[name=cron][aria-invalid=true]").waitFor();
  assert.deepEqual(await listed(), []);
  assert.equal(await form.getByLabel("Name").inputValue(), "Call sheets");
});

test("a schedule is made from words and a rhythm, and says when its first time is", async () => {
  const { page } = ada;
  const form = page.getByRole("dialog", { name: "New schedule" });
  await form.getByLabel("When").selectOption("Monday to Friday");
  await form.getByLabel("At", { exact: true }).fill("17:30");
  await form.getByRole("checkbox", { name: /without asking/ }).check();
  await form.getByRole("button", { name: "Schedule it" }).click();
  await row().getByText("Monday to Friday at 17:30, Europe/Berlin").waitFor();
  const [made] = await listed();
  assert.deepEqual(made.when, { kind: "cron", cron: "30 17 * * mon-fri", timeZone: "Europe/Berlin" });
  assert.equal(made.order.autoIngest, true);
  await row().locator(`time[datetime="${made.nextAt}"]`).filter({ hasText: /5:30.PM|17:30/ }).waitFor();
  await seen(page, "schedules");
});

test("what it orders is changed where it stands, and what was not changed stays", async () => {
  const { page } = ada;
  await row().getByRole("button", { name: "Change" }).click();
  const form = page.getByRole("dialog", { name: "Change Call sheets" });
  assert.equal(await form.getByLabel("When").inputValue(), "weekdays");
  assert.equal(await form.getByLabel("At", { exact: true }).inputValue(), "17:30");
  await form.getByLabel("At", { exact: true }).fill("18:15");
  await form.getByLabel("If no server runs then").selectOption("leave it out");
  await form.getByRole("button", { name: "Save" }).click();
  await row().getByText("Monday to Friday at 18:15, Europe/Berlin").waitFor();
  await row().getByText("left out if no server runs then").waitFor();
  const [kept] = await listed();
  assert.deepEqual([kept.order.task, kept.order.autoIngest, kept.missed], ["Prepare tomorrow's call sheets", true, "skip"]);
});

test("its order is given at once when somebody wants it, and what became of it leads to the run", async () => {
  const { page } = ada;
  await row().getByRole("button", { name: "Run now" }).click();
  await page.getByRole("region", { name: "Messages" }).getByRole("button", { name: "Open the run" }).waitFor();
  await row().getByRole("button", { name: "What became of it" }).click();
  const became = row().getByRole("list", { name: "What became of it" });
  await became.getByText("Started").waitFor();
  await became.getByRole("link", { name: "Open the run" }).click();
  await page.getByRole("heading", { level: 1, name: "Prepare tomorrow's call sheets" }).waitFor();
  await page.goBack();
});

test("times that no server saw are told, with how many they were", async () => {
  const { page } = ada;
  const [{ id }] = await listed();
  const path = `**/api/v1/projects/${project}/schedules/${id}`;
  const detail = await api.get(`/projects/${project}/schedules/${id}`);
  const missed = {
    at: "2026-11-20T16:30:00.000Z",
    outcome: "missed",
    times: 3,
    runId: null,
    reason: "No server ran at the time.",
    notedAt: "2026-11-21T08:00:00.000Z",
  };
  // A server that was away for days is told by what it would answer.
  await page.route(path, (route) => route.fulfill({ json: { ...detail, occurrences: [missed] } }));
  await page.reload();
  await row().getByRole("button", { name: "What became of it" }).click();
  await row().getByText("Missed 3 times").waitFor();
  await row().getByText("No server ran at the time.").waitFor();
  await page.unrouteAll();
});

test("a schedule that is paused has no next time until it is resumed, and one that is removed is gone", async () => {
  await row().getByRole("button", { name: "Pause" }).click();
  await badge("Paused").waitFor();
  assert.equal((await listed())[0].nextAt, null);
  await row().getByRole("button", { name: "Resume" }).click();
  await badge("Active").waitFor();
  await row().getByRole("button", { name: "Remove" }).click();
  const sure = ada.page.getByRole("dialog", { name: "Remove Call sheets" });
  await sure.getByRole("button", { name: "Keep it" }).click();
  assert.equal((await listed()).length, 1);
  await row().getByRole("button", { name: "Remove" }).click();
  await sure.getByRole("button", { name: "Remove" }).click();
  await ada.page.getByText("Nothing is scheduled yet").waitFor();
  assert.deepEqual(await listed(), []);
});

test("no page met another error than what was refused", () => {
  assert.deepEqual(
    ada.faults.filter((fault) => !/status of 40[09]|status of 422/.test(fault)),
    [],
  );
});
