/** People say something to a coding agent while it works, on its run's page, and see whether it was heard. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson } from "../support/browser.mjs";
import { agent, startFleet } from "../support/fleet.mjs";
import { seen } from "../support/looks.mjs";
import { joins } from "../support/person.mjs";

let fleet;
let page;
let run;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
  await fleet.machine({ agent: "listens" });
  // It asks whether it may make a tool call, and is at work until that is answered.
  run = await fleet.order(agent("double", "ask"), { title: "Tidy the harbour" });
});

after(() => fleet?.end());

const box = (page) => page.getByRole("form", { name: "Say something to the agent" });
const said = (page) => page.getByRole("list", { name: "Said to the agent" });
const output = () => page.getByRole("region", { name: "Output", exact: true });

test("what is said is shown with its verb and who said it, and that it was heard", async () => {
  await page.goto(fleet.address(run.id));
  await page.getByRole("region", { name: "Question of the agent" }).waitFor();
  await box(page).getByText("It turns to this when it is done with what it does now.").waitFor();
  await box(page).getByLabel("Say to the agent").fill("count the boats");
  await page.keyboard.press("Control+Enter");
  const word = said(page).getByRole("listitem").filter({ hasText: "count the boats" });
  await word.getByText("Ada Lind · queue").waitFor();
  await word.getByText("Heard", { exact: true }).waitFor();
  assert.equal(await box(page).getByLabel("Say to the agent").inputValue(), "");
  await box(page).getByLabel("How").selectOption("steer");
  await box(page).getByText("as soon as the tool call is over").waitFor();
  await seen(page, "fleet-say");
});

test("who may only look sees what was said, and has nothing to say it with", async () => {
  const ben = await newPerson(fleet.browser, { viewport: { width: 390, height: 844 } });
  const about = { project: fleet.project, name: "Ben Holm", email: "ben@example.org", role: "viewer" };
  await joins(fleet.server, ben, fleet.api, about);
  await ben.page.goto(fleet.address(run.id));
  await said(ben.page).getByText("count the boats").waitFor();
  assert.equal(await box(ben.page).count(), 0);
  await seen(ben.page, "fleet-say-phone");
  const wider = await ben.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`);
  assert.deepEqual(ben.faults, []);
});

test("an interruption is turned to at once, before what was queued, and the run ends well", async () => {
  await box(page).getByLabel("How").selectOption("interrupt");
  await box(page).getByLabel("Say to the agent").fill("light the lamp");
  await box(page).getByRole("button", { name: "Say it" }).click();
  await output().getByText("I was told: light the lamp").waitFor();
  await output().getByText("I was told: count the boats").waitFor();
  await fleet.reaches(run.id, "complete");
  const text = await output().innerText();
  assert.ok(text.indexOf("I was told: light the lamp") < text.indexOf("I was told: count the boats"), text);
  await box(page).waitFor({ state: "detached" });
  assert.equal(await said(page).getByRole("listitem").count(), 2);
});

test("no page met an error", () => {
  assert.deepEqual(fleet.ada.faults, []);
});
