/** A coding agent that has ended goes on by what is said on its run's page, where it was, with what it had changed. */
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newPerson } from "../support/browser.mjs";
import { agent, startFleet } from "../support/fleet.mjs";
import { seen } from "../support/looks.mjs";
import { joins } from "../support/person.mjs";

const memory = mkdtempSync(join(tmpdir(), "atelier-memory-"));
let fleet;
let page;
let first;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
  await fleet.machine({ agent: `recalls '${memory}'` });
  first = await fleet.order(agent("double", "Write a song"), { title: "Write a song" });
  await fleet.reaches(first.id, "complete");
});

after(async () => {
  await fleet?.end();
  await rm(memory, { recursive: true, force: true });
});

const form = (page) => page.getByRole("form", { name: "Have the agent go on" });

test("what is said after the end is a task of its own, which knows what was said and has what was changed", async () => {
  await page.goto(fleet.address(first.id));
  await form(page).getByText("double goes on with this on forge").waitFor();
  await form(page).getByLabel("What comes next").fill("Do not rhyme");
  await seen(page, "fleet-continue");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("heading", { name: "Do not rhyme" }).first().waitFor();
  await page.getByRole("region", { name: "Output", exact: true }).getByText("I was told: Write a song | Do not rhyme").waitFor();
  await page.getByRole("tab", { name: "Changes" }).click();
  const changes = page.getByRole("tabpanel", { name: "Changes" });
  await changes.getByText("Write a song").waitFor();
  await changes.getByText("Do not rhyme").waitFor();
});

test("a task that goes on with another leads to that", async () => {
  await page.getByRole("link", { name: "Goes on with an earlier task" }).click();
  await page.waitForURL(fleet.address(first.id));
});

test("what cannot be gone on with is said, and what was typed stays", async () => {
  await form(page).getByLabel("What comes next").fill("Sing it");
  for (const { id } of (await fleet.api.get("/runners")).docs) await fleet.api.remove(`/runners/${id}`);
  await form(page).getByRole("button", { name: "Go on" }).click();
  await form(page).getByText("its runner is gone").waitFor();
  assert.equal(await form(page).getByLabel("What comes next").inputValue(), "Sing it");
});

test("who may only look has nothing to say it with", async () => {
  const ben = await newPerson(fleet.browser, { viewport: { width: 390, height: 844 } });
  const about = { project: fleet.project, name: "Ben Holm", email: "ben@example.org", role: "viewer" };
  await joins(fleet.server, ben, fleet.api, about);
  await ben.page.goto(fleet.address(first.id));
  await ben.page.getByRole("region", { name: "Output", exact: true }).getByText("I was told: Write a song").waitFor();
  assert.equal(await form(ben.page).count(), 0);
  assert.deepEqual(ben.faults, []);
});

test("no page met an error", () => {
  assert.deepEqual(fleet.ada.faults.filter((fault) => !/status of 409/.test(fault)), []);
});
