/** What the fleet took and may take, and a large order that is planned first: as owners and editors have it in the browser. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson } from "../support/browser.mjs";
import { command, startFleet } from "../support/fleet.mjs";
import { seen } from "../support/looks.mjs";
import { joins } from "../support/person.mjs";

/** What the test's agent says when it is to plan. */
const PLAN = `\`\`\`json
{"tasks": [{"title": "Walls", "prompt": "Build the walls"}, {"title": "Roof", "prompt": "Build the roof", "after": [0]}]}
\`\`\`
`;

let fleet;
let page;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
  await fleet.machine({ agent: "plans", files: { "plan.txt": PLAN } });
  const { id } = await fleet.order(command("true"), { title: "Count the boats" });
  await fleet.reaches(id, "complete");
});

after(() => fleet?.end());

const address = () => `${fleet.server.base}/projects/${fleet.project}/fleet`;
const tab = (page, name) => page.getByRole("tab", { name }).click();

test("what the fleet took is told by day and by who ordered it", async () => {
  await page.goto(address());
  await tab(page, "Usage");
  const table = (by) => page.getByRole("region", { name: `The fleet by ${by}` });
  await table("day").getByRole("row", { name: /^In all 1 0 / }).waitFor();
  await page.getByLabel("By", { exact: true }).selectOption("person");
  await table("person").getByRole("rowheader", { name: "Ada Lind" }).waitFor();
  await page.getByLabel("By", { exact: true }).selectOption("agent");
  await table("agent").getByRole("rowheader", { name: "Commands" }).waitFor();
  await seen(page, "fleet-usage");
});

test("an owner says who may order what and how much a day takes, and it is kept", async () => {
  await tab(page, "Policy");
  await page.getByLabel("Commands may be ordered by").selectOption("owner");
  await page.getByRole("group", { name: "All tasks of a day" }).getByLabel("Minutes").fill("120");
  await page.getByRole("group", { name: "One task" }).getByLabel("US dollars of agents").fill("1.5");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The fleet’s policy is saved").waitFor();
  const kept = await fleet.api.get(`/projects/${fleet.project}/fleet/policy`);
  assert.deepEqual([kept.commands, kept.agents, kept.dayMinutes, kept.taskCostMicros], ["owner", "editor", 120, 1_500_000]);
  await seen(page, "fleet-policy");
});

test("an editor sees the policy, cannot change it, and is told what it refuses", async () => {
  const ben = await newPerson(fleet.browser, { viewport: { width: 390, height: 844 } });
  const about = { project: fleet.project, name: "Ben Holm", email: "ben@example.org", role: "editor" };
  await joins(fleet.server, ben, fleet.api, about);
  await ben.page.goto(address());
  await tab(ben.page, "Policy");
  await ben.page.getByText("An owner of the project can change this.").waitFor();
  assert.ok(await ben.page.getByLabel("Commands may be ordered by").isDisabled());
  await seen(ben.page, "fleet-policy-phone");
  const wider = await ben.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`);
  await ben.page.getByRole("button", { name: "Do something" }).click();
  const form = ben.page.getByRole("dialog", { name: "Do something on a machine" });
  await form.getByLabel("Command").fill("true");
  await form.getByRole("button", { name: "Do it" }).click();
  await form.getByRole("alert").getByText(/owner/).waitFor();
});

test("a large order is planned first, and its tasks are done once somebody has agreed", async () => {
  await tab(page, "Now");
  await page.getByRole("button", { name: "Do something" }).click();
  const form = page.getByRole("dialog", { name: "Do something on a machine" });
  await form.getByLabel("What", { exact: true }).selectOption("A coding agent");
  await form.getByLabel("Agent", { exact: true }).fill("double");
  await form.getByLabel("What it is to do").fill("Build a house");
  await form.getByLabel(/^Plan first/).check();
  await form.getByRole("button", { name: "Do it" }).click();
  const question = page.getByRole("region", { name: "Question", exact: true });
  await question.getByText(/2\. Roof/).waitFor();
  await seen(page, "fleet-plan");
  await question.getByRole("group", { name: "Answers" }).getByRole("button").first().click();
  await page.goto(address());
  const done = page.getByRole("region", { name: "Done" });
  await done.getByRole("link", { name: /Build a house/ }).nth(1).waitFor();
});

test("no page met an error", () => {
  assert.deepEqual(fleet.ada.faults, []);
});
