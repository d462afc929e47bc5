/** A coding agent on a machine asks before it writes, and is answered in the browser; what it wrote is a diff. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { agent, startFleet } from "../support/fleet.mjs";
import { seen } from "../support/looks.mjs";

let fleet;
let page;
let address;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
  await fleet.machine({ agent: "writes" });
  const { id } = await fleet.order(agent("double", "Write two files"));
  address = fleet.address(id);
});

after(() => fleet?.end());

test("what an agent wants permission for stands above what it writes, and is answered there once", async () => {
  await page.goto(address);
  const question = page.getByRole("region", { name: "Question of the agent" });
  await question.getByText("The agent asks: Write written.txt").waitFor();
  await seen(page, "fleet-question");
  await question.getByRole("group", { name: "Answers" }).getByRole("button").first().click();
  await question.waitFor({ state: "detached" });
});

test("what it wrote once it was allowed comes back as a diff, with what the agent used", async () => {
  await page.getByText("Complete", { exact: true }).first().waitFor();
  await page.getByText(/^30 tokens for .*0\.25.*, as the agent says$/).waitFor();
  await page.getByRole("tab", { name: "Changes" }).click();
  await page.getByText("by the client").first().waitFor();
  assert.ok((await page.getByText("written.txt").count()) > 0);
});

test("no page met an error", () => {
  assert.deepEqual(fleet.ada.faults, []);
});
