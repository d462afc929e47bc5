/** The console: commands completed as they are typed, what they tell, and what they are refused for. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson } from "../support/browser.mjs";
import { command, startFleet } from "../support/fleet.mjs";
import { seen } from "../support/looks.mjs";
import { joins } from "../support/person.mjs";

let fleet;
let page;
let long;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
  await fleet.machine();
  long = await fleet.order(command("sleep", "600"), { title: "Watch the tide" });
  await fleet.reaches(long.id, "running");
});

after(() => fleet?.end());

const address = () => `${fleet.server.base}/projects/${fleet.project}/fleet/console`;
const line = (page) => page.getByRole("combobox", { name: "Command" });
const log = (page) => page.getByRole("log", { name: "What came of the commands" });

test("the palette opens the console, whose line has the focus and says what to do", async () => {
  await page.goto(`${fleet.server.base}/projects/${fleet.project}`);
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search or do" }).fill("console");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Console" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Command");
  await page.getByText("help lists all commands").waitFor();
  await seen(page, "console-empty");
});

test("sta, Tab, Enter: a command is completed and its status told as a table with the way to the run", async () => {
  await page.keyboard.type("sta");
  await page.keyboard.press("Tab");
  await page.waitForFunction(() => document.activeElement?.value === "status");
  await page.keyboard.press("Enter");
  await log(page).getByText("1 run under way, 0 waiting.").waitFor();
  const table = log(page).getByRole("region", { name: "Status" });
  await table.getByRole("cell", { name: "Watch the tide" }).waitFor();
  await table.getByRole("link", { name: long.id }).waitFor();
  assert.equal(await line(page).inputValue(), "");
});

test("several ways on are shown as one types, and gone through by Tab; Esc keeps what was typed", async () => {
  await line(page).pressSequentially("sc");
  const ways = page.getByRole("listbox", { name: "Ways on" });
  await ways.getByRole("option", { name: "schedule list" }).waitFor();
  await page.keyboard.press("Tab");
  await page.waitForFunction(() => document.activeElement?.value === "schedule ");
  await ways.waitFor();
  await page.keyboard.press("Tab");
  await ways.getByRole("option", { name: "schedule list", selected: true }).waitFor();
  await page.keyboard.press("Shift+Tab");
  await ways.getByRole("option", { name: "schedule resume", selected: true }).waitFor();
  assert.equal(await line(page).inputValue(), "schedule resume");
  await seen(page, "console-ways");
  await page.keyboard.press("Escape");
  await ways.waitFor({ state: "detached" });
  assert.equal(await line(page).inputValue(), "schedule ");
  await page.keyboard.press("Shift+Tab");
  assert.ok(!(await line(page).evaluate((field) => field === document.activeElement)), "Tab leaves a line that has no way on");
});

test("what is near a command is told, arrows bring it back, and a run is completed by its id", async () => {
  await line(page).fill("stauts");
  await page.keyboard.press("Enter");
  await log(page).getByText("There is no command stauts. Did you mean status?").waitFor();
  await page.keyboard.press("ArrowUp");
  assert.equal(await line(page).inputValue(), "stauts");
  await page.keyboard.press("ArrowUp");
  assert.equal(await line(page).inputValue(), "status");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal(await line(page).inputValue(), "");
  await line(page).pressSequentially("cancel ");
  await page.getByText("Ends a run before it is done.").waitFor();
  await page.getByRole("option", { name: `cancel ${long.id}` }).waitFor();
  await page.keyboard.press("Tab");
  await page.waitForFunction((id) => document.activeElement?.value === `cancel ${id}`, long.id);
});

test("a viewer who may not cancel is told so before and after", async () => {
  const ben = await newPerson(fleet.browser);
  const about = { project: fleet.project, name: "Ben Holm", email: "ben@example.org", role: "viewer" };
  await joins(fleet.server, ben, fleet.api, about);
  await ben.page.goto(address());
  await line(ben.page).fill(`cancel ${long.id}`);
  await ben.page.getByText("Your role may not give it: it is for editors and owners.").waitFor();
  await ben.page.keyboard.press("Enter");
  await log(ben.page).getByText("cancel needs the role editor; yours is viewer.").waitFor();
  await seen(ben.page, "console-refused");
  assert.equal((await fleet.run(long.id)).run.state, "running");
  // The browser itself notes what was refused.
  assert.deepEqual(ben.faults.filter((fault) => !/status of 403/.test(fault)), []);
});

test("what an owner cancels is cancelled, and what was ordered leads to its run", async () => {
  await line(page).press("Enter");
  await log(page).getByText(`${long.id} is being cancelled`).waitFor();
  await fleet.reaches(long.id, "cancelled");
  await line(page).fill("do -- echo ebb");
  await page.keyboard.press("Enter");
  await log(page).getByText(/is ordered$/).waitFor();
  await log(page).getByRole("link", { name: "Open the run" }).last().click();
  await page.getByRole("heading", { name: "echo ebb" }).waitFor();
});

test("the console is whole on a phone, and remembers what was given", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goBack();
  await line(page).fill("help");
  await page.keyboard.press("Enter");
  await log(page).getByRole("cell", { name: "logs RUN [LINES]" }).waitFor();
  await seen(page, "console-phone");
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  assert.equal(await line(page).inputValue(), "do -- echo ebb");
  await page.getByRole("button", { name: "Clear" }).click();
  await page.getByText("Type a command, and read here what comes of it").waitFor();
});

test("no page met another error than what was refused", () => {
  assert.deepEqual(fleet.ada.faults.filter((fault) => !/status of 400/.test(fault)), []);
});
