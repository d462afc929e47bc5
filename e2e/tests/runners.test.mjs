/** A machine of one's own joins the fleet: its key is shown once, its command works as it stands, and it is taken out again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { startFleet } from "../support/fleet.mjs";
import { seen } from "../support/looks.mjs";
import { obey } from "../support/machine.mjs";

let fleet;
let page;
let machine;
let former;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
});

after(async () => {
  machine?.kill("SIGTERM");
  await fleet?.end();
});

const row = () => page.getByRole("listitem", { name: "forge" });
const command = () => page.getByRole("region", { name: "Command for the machine" });

/** The list is looked at every 20 s; a reload does not wait for that. */
async function until(text) {
  await assert.doesNotReject(async () => {
    for (let again = 0; again < 30; again++) {
      await page.reload();
      await row().waitFor();
      if (await row().getByText(text, { exact: true }).count()) return;
    }
    throw new Error(`${text} was not told of the runner`);
  });
}

test("a runner is made by its name, and its key is shown once with the command for its machine", async () => {
  await page.goto(`${fleet.server.base}/settings/account`);
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Runners" }).click();
  await page.getByText("No runners yet").waitFor();
  await page.getByLabel("What you call the machine").fill("forge");
  await page.getByRole("button", { name: "Make a runner" }).click();
  former = await page.getByLabel("The key of forge, shown this once").inputValue();
  await row().getByText("Has not joined yet").waitFor();
  await page.getByLabel("Its folder on the machine").fill("/tmp");
  assert.equal(
    await command().innerText(),
    `ATELIER_RUNNER_KEY=${former} atelier runner --server ${fleet.server.base} --commands --project ${fleet.project}=/tmp`,
  );
  await seen(page, "runners");
});

test("the command as it stands makes the machine present, and it says what it is", async () => {
  machine = obey(await command().innerText());
  await until("Present");
  await row().getByText(/^Version .+ at a time$/).waitFor();
  assert.ok(!(await page.content()).includes(former), "a key is shown once");
});

test("another key is shown once, and the former one is good for a while", async () => {
  await row().getByRole("button", { name: "Another key" }).click();
  const dialog = page.getByRole("dialog", { name: "Another key for forge" });
  await dialog.getByRole("button", { name: "Make another key" }).click();
  const key = await dialog.getByLabel("The key of forge, shown this once").inputValue();
  assert.notEqual(key, former);
  await seen(page, "runner-key");
  await dialog.getByRole("button", { name: "Done" }).click();
  await row().getByText(/and the one before it until/).waitFor();
  assert.equal(await page.getByLabel("The key of forge, shown this once").count(), 0);
});

test("everything of a runner is there on a small screen", async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await row().getByRole("button", { name: "Remove" }).waitFor();
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`);
  await seen(page, "runners-phone");
  await page.setViewportSize({ width: 1440, height: 900 });
});

test("a runner that is removed is gone after one more question, and its program ends", async () => {
  const ended = once(machine, "exit");
  await row().getByRole("button", { name: "Remove" }).click();
  const sure = page.getByRole("dialog", { name: "Remove forge" });
  await sure.getByRole("button", { name: "Keep it" }).click();
  await row().getByRole("button", { name: "Remove" }).click();
  await sure.getByRole("button", { name: "Remove" }).click();
  await page.getByText("No runners yet").waitFor();
  assert.deepEqual((await fleet.api.get("/runners")).docs, []);
  await ended;
});

test("no page met an error", () => {
  assert.deepEqual(fleet.ada.faults, []);
});
