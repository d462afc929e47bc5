/** A coding agent that others have written does work here: the example of those who keep the Agent Client Protocol. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { agent, startFleet } from "../support/fleet.mjs";

const modules = fileURLToPath(new URL("../node_modules", import.meta.url));
const EXAMPLE = `'${modules}/.bin/tsx' '${modules}/@zed-industries/agent-client-protocol/typescript/examples/agent.ts'`;

let fleet;
let page;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
  await fleet.machine({ agents: { example: EXAMPLE } });
  const { id } = await fleet.order(agent("example", "Improve the project"));
  await page.goto(fleet.address(id));
});

after(() => fleet?.end());

test("what it writes is seen as it comes, and it waits for leave to write", async () => {
  await page.getByText("I'll help you with that.").first().waitFor();
  const question = page.getByRole("region", { name: "Question of the agent" });
  await question.getByText("The agent asks: Modifying critical configuration file").waitFor();
  assert.equal(await page.getByText("The changes have been applied.").count(), 0);
  await question.getByRole("button", { name: "Allow this change" }).click();
});

test("it goes on with the answer, and ends well", async () => {
  await page.getByText("The changes have been applied.").first().waitFor();
  await page.getByText("Complete", { exact: true }).first().waitFor();
  assert.deepEqual(fleet.ada.faults, []);
});
