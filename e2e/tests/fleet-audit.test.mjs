/** Who did what to the fleet, as the project's owners read it in the browser. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson } from "../support/browser.mjs";
import { agent, command, startFleet } from "../support/fleet.mjs";
import { seen, seenOnPhone } from "../support/looks.mjs";
import { joins } from "../support/person.mjs";

let fleet;
let page;
let machine;
let ben;
let bens;
let counted;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
  machine = await fleet.machine({ agent: "writes" });
  ben = await newPerson(fleet.browser);
  const about = { project: fleet.project, name: "Ben Holm", email: "ben@example.org", role: "editor" };
  bens = await joins(fleet.server, ben, fleet.api, about);
  counted = await bens.post(`/projects/${fleet.project}/fleet/runs`, { order: { engine: command("echo", "secret") } });
  await fleet.reaches(counted.id, "complete");
});

after(() => fleet?.end());

const address = () => `${fleet.server.base}/projects/${fleet.project}/fleet`;
const log = () => page.getByRole("region", { name: "Audit log" });
/** What was done and what more is told of it, newest first, without when and by whom. */
const told = async () => {
  const rows = await log().locator("tbody tr").all();
  return Promise.all(rows.map(async (row) => (await row.getByRole("cell").allInnerTexts()).slice(1)));
};

test("what was ordered, answered and cancelled in the browser is told with who did it, and never what may be secret", async () => {
  const { id } = await fleet.order(agent("double", "Write two files"), { title: "Write two files" });
  await page.goto(fleet.address(id));
  const question = page.getByRole("region", { name: "Question of the agent" });
  await question.getByRole("group", { name: "Answers" }).getByRole("button").first().click();
  await fleet.reaches(id, "complete");
  const long = await fleet.order(command("sleep", "600"), { title: "Watch the tide" });
  await fleet.reaches(long.id, "running");
  await page.goto(fleet.address(long.id));
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await fleet.reaches(long.id, "cancelled");
  await page.goto(address());
  await page.getByRole("tab", { name: "Audit" }).click();
  await log().getByText("Cancelled a run").waitFor();
  assert.deepEqual(await told(), [
    ["Ada Lind", "Cancelled a run", "the run"],
    ["Ada Lind", "Ordered something", "sleep"],
    ["Ada Lind", "Answered a run", "yes"],
    ["Ada Lind", "Ordered something", "double"],
    ["Ben Holm", "Ordered something", "echo"],
    ["Ada Lind", "Let a runner serve the project", "forge"],
  ]);
});

test("a change of the policy says from what to what, and commands and keys are told, too", async () => {
  await fleet.api.put(`/projects/${fleet.project}/fleet/policy`, { dayMinutes: 120, dayCostMicros: 1_500_000 });
  await bens.post(`/projects/${fleet.project}/commands`, { line: "do -- true" });
  await fleet.api.post(`/projects/${fleet.project}/commands`, { line: "health reset forge" });
  await fleet.api.post(`/runners/${machine.id}/key`);
  await page.reload();
  await page.getByRole("tab", { name: "Audit" }).click();
  await log().getByText("Changed a runner’s key").waitFor();
  assert.deepEqual((await told()).slice(0, 4), [
    ["Ada Lind", "Changed a runner’s key", "forge"],
    ["Ada Lind", "Gave a resting runner work", "forge"],
    ["Ben Holm", "Ordered a command", "true"],
    ["Ada Lind", "Changed the fleet’s policy", "day minutes: no bound → 120, day cost: no bound → $1.50"],
  ]);
  await seen(page, "fleet-audit");
});

test("it is read by person, and leads to the runs", async () => {
  await page.getByLabel("Who", { exact: true }).selectOption("Ben Holm");
  await log().getByText("Ada Lind").first().waitFor({ state: "detached" });
  assert.deepEqual(await told(), [
    ["Ben Holm", "Ordered a command", "true"],
    ["Ben Holm", "Ordered something", "echo"],
  ]);
  await seenOnPhone(page, "fleet-audit");
  await log().getByRole("link", { name: "echo" }).click();
  await page.waitForURL(fleet.address(counted.id));
});

test("what is long is read page by page", async () => {
  const path = `/projects/${fleet.project}/commands`;
  for (let at = 0; at < 100; at += 1) await fleet.api.post(path, { line: "health reset forge" });
  await page.goto(address());
  await page.getByRole("tab", { name: "Audit" }).click();
  await log().getByText("Gave a resting runner work").first().waitFor();
  const first = (await told()).length;
  await page.getByRole("button", { name: "Earlier", exact: true }).click();
  await log().getByText("Let a runner serve the project").waitFor();
  assert.ok((await told()).length > first);
});

test("who owns the project no part of does not see it", async () => {
  await ben.page.goto(address());
  await ben.page.getByRole("tab", { name: "Policy" }).waitFor();
  assert.equal(await ben.page.getByRole("tab", { name: "Audit" }).count(), 0);
  await assert.rejects(bens.get(`/projects/${fleet.project}/audit?about=fleet`), /403/);
});

test("no page met an error", () => {
  assert.deepEqual([...fleet.ada.faults, ...ben.faults], []);
});
