/** All that an order to the fleet may say, given now or on a schedule, in the browser. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startFleet } from "../support/fleet.mjs";
import { seen, seenOnPhone } from "../support/looks.mjs";

let fleet;
let page;

before(async () => {
  fleet = await startFleet({ timezoneId: "Europe/Berlin" });
  ({ page } = fleet.ada);
  await fleet.machine({ agent: "sneaks", tools: true });
});

after(() => fleet?.end());

const form = (name = "Do something on a machine") => page.getByRole("dialog", { name });
const atMost = () => form().getByRole("group", { name: "At most" });
const row = () => page.getByRole("listitem", { name: "Nightly look" });
const schedules = () => fleet.api.get(`/projects/${fleet.project}/schedules`).then(({ docs }) => docs);

/** Opens the form, at what is to be done. */
async function open(what) {
  await page.goto(`${fleet.server.base}/projects/${fleet.project}/fleet`);
  await page.getByRole("button", { name: "Do something" }).click();
  await form().getByLabel("What", { exact: true }).selectOption(what);
}

/** What the only step of the run that the page shows was told. */
async function told() {
  const { steps } = await fleet.run(page.url().split("/").at(-1));
  return steps[0].input;
}

test("a tool of a machine is called with what was typed, and half an object of JSON is told before it is sent", async () => {
  await open("A tool");
  assert.equal(await form().getByLabel("Server of tools").inputValue(), "double");
  await form().getByLabel("Tool", { exact: true }).fill("echo");
  await form().getByLabel("What it is given").fill('{"city": "Ber');
  await form().getByText("This is no object of JSON yet.").waitFor();
  assert.ok(await form().getByRole("button", { name: "Do it" }).isDisabled());
  await form().getByLabel("What it is given").fill('{"city": "Bergen"}');
  await seen(page, "fleet-order-tool");
  await form().getByRole("button", { name: "Do it" }).click();
  await page.getByRole("region", { name: "Output", exact: true }).getByText('{"city":"Bergen"}').waitFor();
  assert.deepEqual((await told()).engine, { kind: "mcp", server: "double", tool: "echo", arguments: { city: "Bergen" } });
});

test("an agent that is to look only brings nothing back, and is bounded in tokens and money", async () => {
  await open("A coding agent");
  await form().getByLabel("What it is to do").fill("Look at the tide");
  await form().getByLabel("What it changes is").waitFor();
  await form().getByLabel(/^Look only/).check();
  assert.equal(await form().getByLabel("What it changes is").count(), 0);
  assert.equal(await form().getByLabel("Files to bring back").count(), 0);
  await atMost().getByLabel("Tokens").fill("200000");
  await atMost().getByLabel("US dollars").fill("0.5");
  await atMost().getByLabel("MiB of memory").fill("512");
  await form().getByLabel("Title").fill("A look at the tide");
  await form().getByLabel("Priority").selectOption("High");
  await seen(page, "fleet-order-agent");
  await seenOnPhone(page, "fleet-order-agent");
  await form().getByRole("button", { name: "Do it" }).click();
  await page.getByRole("heading", { level: 1, name: "A look at the tide" }).waitFor();
  await page.getByText("Complete", { exact: true }).first().waitFor();
  assert.deepEqual(await told(), {
    engine: { kind: "agent", name: "double", prompt: "Look at the tide" },
    deliver: "diff",
    bounds: { minutes: 60, outputMib: 128, memoryMib: 512, tokens: 200_000, costMicros: 500_000 },
    readOnly: true,
  });
});

test("an order is put on a schedule where it is given, and stands among the others with what it does", async () => {
  await open("A coding agent");
  await form().getByLabel("What it is to do").fill("Say what changed");
  await form().getByLabel(/^Look only/).check();
  await form().getByLabel("Folder", { exact: true }).fill("crates");
  await form().getByLabel("It is ordered").selectOption("on a schedule");
  await form().getByLabel("Name of the schedule").fill("Nightly look");
  await form().getByLabel("When", { exact: true }).selectOption("By a pattern");
  await form().getByLabel("Pattern").fill("30 1 * * someday");
  await form().getByRole("button", { name: "Schedule it" }).click();
  await form().locator("input[name=cron][aria-invalid=true]").waitFor();
  await form().getByLabel("When", { exact: true }).selectOption("Every day");
  await form().getByLabel("At", { exact: true }).fill("01:30");
  await seen(page, "fleet-order-schedule");
  await form().getByRole("button", { name: "Schedule it" }).click();
  await row().getByText("Every day at 01:30, Europe/Berlin").waitFor();
  await row().getByText("Say what changed").waitFor();
  await row().getByText("The coding agent double · in crates · looks only").waitFor();
  await seen(page, "fleet-schedules");
  await seenOnPhone(page, "fleet-schedules");
});

test("what a schedule orders is changed in the form that it was made in, and all that was said before stands there", async () => {
  await row().getByRole("link", { name: "Change" }).click();
  const change = form("Change Nightly look");
  assert.equal(await change.getByLabel("What it is to do").inputValue(), "Say what changed");
  assert.equal(await change.getByLabel("Folder", { exact: true }).inputValue(), "crates");
  assert.equal(await change.getByLabel("At", { exact: true }).inputValue(), "01:30");
  assert.ok(await change.getByLabel(/^Look only/).isChecked());
  await change.getByLabel("What", { exact: true }).selectOption("A command");
  await change.getByLabel("Command").fill("echo 'a quiet night'");
  await change.getByLabel("Folder", { exact: true }).fill("");
  await change.getByLabel("When", { exact: true }).selectOption("Every week");
  await change.getByLabel("On", { exact: true }).selectOption("Friday");
  await change.getByRole("button", { name: "Save" }).click();
  await row().getByText("Every Friday at 01:30, Europe/Berlin").waitFor();
  await row().getByText("A command on a machine").waitFor();
  const [kept] = await schedules();
  assert.deepEqual(kept.order.order, {
    engine: { kind: "command", argv: ["echo", "a quiet night"] },
    deliver: "diff",
    bounds: { minutes: 60, outputMib: 128 },
  });
});

test("it is given at once, paused and removed as others are", async () => {
  await row().getByRole("button", { name: "Run now" }).click();
  await row().getByRole("button", { name: "What became of it" }).click();
  await row().getByRole("link", { name: "Open the run" }).click();
  await page.getByRole("region", { name: "Output", exact: true }).getByText("a quiet night").waitFor();
  await page.goBack();
  await row().getByRole("button", { name: "Pause" }).click();
  await row().getByRole("heading").getByText("Paused", { exact: true }).waitFor();
  await row().getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog", { name: "Remove Nightly look" }).getByRole("button", { name: "Remove" }).click();
  await page.getByText("Nothing is scheduled yet").waitFor();
  assert.deepEqual(await schedules(), []);
});

test("no page met another error than what was refused", () => {
  assert.deepEqual(
    fleet.ada.faults.filter((fault) => !/status of 40[09]/.test(fault)),
    [],
  );
});
