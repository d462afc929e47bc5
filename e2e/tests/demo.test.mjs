/** From an empty folder to a finished task with its diff in the browser: what the README promises of `runner --demo`. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startFleet } from "../support/fleet.mjs";
import { seen } from "../support/looks.mjs";

let fleet;
let page;
let demo;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
  demo = await fleet.demo();
});

after(() => fleet?.end());

test("a machine that made its own key is admitted in the browser, and its first task can be watched", async () => {
  await page.goto(demo.link);
  await page.getByRole("heading", { name: "A machine wants to join" }).waitFor();
  await seen(page, "fleet-admit");
  await page.getByRole("button", { name: "Let it join" }).click();
  await page.getByRole("heading", { name: "Number the scenes" }).waitFor();
  await page.getByText("The lighthouse, in the storm").first().waitFor();
  await page.getByText("4 scenes are numbered.").waitFor();
});

test("what it changed is there as a diff, and the machine's own folder is as it was", async () => {
  await page.getByRole("tab", { name: "Changes" }).click();
  await page.getByText("1. The harbour, at dawn").waitFor();
  await seen(page, "fleet-task");
  const scenes = await readFile(join(demo.folder, "atelier-demo/tides/scenes.txt"), "utf8");
  assert.ok(scenes.startsWith("The harbour, at dawn\n"), scenes);
});

test("the fleet's page of the project shows the machine and what it did", async () => {
  await page.getByRole("link", { name: "Fleet", exact: true }).click();
  await page.getByText("demo", { exact: true }).first().waitFor();
  await page.getByText("Number the scenes").first().waitFor();
  await seen(page, "fleet");
});
