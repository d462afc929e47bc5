/** Work that is ordered: from the words to the graph that fills live, on every screen alike, whatever becomes of the server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { film } from "../support/film.mjs";
import { seen } from "../support/looks.mjs";
import { goneThrough, lengthened, scrubbed } from "../support/long-run.mjs";
import { firstPerson, PASSWORD } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

/** So many scenes that its departments are busy for seconds, and something can happen meanwhile. */
const LONG = film(700).text;

let server;
let browser;
let ada;
let ben;
let api;
let sample;
let long;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  ben = await newPerson(browser, { colorScheme: "dark" });
  api = await firstPerson(server, ada);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const steps = (page) => page.getByRole("region", { name: "Steps" });
const graph = (page) => page.getByRole("region", { name: "Graph" });
const runPage = (project, run) => `${server.base}/projects/${project}/runs/${run}`;
const stored = (project, run) => api.get(`/projects/${project}/runs/${run}`);

/** Gives an order in task mode, by keys alone; gives the run's id. */
async function order(page, project, words) {
  await page.goto(`${server.base}/projects/${project}`);
  await page.getByRole("region", { name: "Scenes" }).waitFor();
  await page.keyboard.press("Control+3");
  await page.getByRole("textbox", { name: "Message in Task mode" }).waitFor();
  await page.keyboard.type(words);
  const answered = page.waitForResponse((response) => response.url().endsWith("/orchestrator/task"));
  await page.keyboard.press("Enter");
  return (await (await answered).json()).taskId;
}

/** What the page says of each step, by its title: `Complete` … */
function shown(page) {
  return steps(page).getByRole("listitem").evaluateAll((rows) =>
    rows
      .filter((row) => row.querySelector(":scope > button"))
      .map((row) => row.querySelector(".sr-only").textContent.toLowerCase()),
  );
}

/** The same of what the server has stored, in the page's order: department by department. */
function told({ steps: all }) {
  const departments = [...new Set(all.map(({ name }) => name.split("/").slice(0, -1).join("/")))];
  return departments.flatMap((department) =>
    all.filter(({ name }) => name.split("/").slice(0, -1).join("/") === department).map(({ state }) => state),
  );
}

/** Waits until the page shows that the run has ended, and checks that it shows exactly what is stored. */
async function endsAsStored(page, project, run, state = "Complete") {
  const head = page.getByRole("main").getByRole("progressbar", { name: "Progress of the run" });
  await head.and(page.locator("[aria-valuenow='100']")).waitFor({ timeout: 90_000 });
  const detail = await stored(project, run);
  const wrong = detail.steps.filter((one) => one.state === "failed").map(({ name, reason }) => `${name}: ${reason?.error}`);
  assert.equal(detail.run.state, state.toLowerCase(), wrong.join("; "));
  await page.getByRole("main").locator("header").getByText(state, { exact: true }).waitFor();
  assert.deepEqual(await shown(page), told(detail));
  return detail;
}

/** Waits in the page until some step of a run has ended and others have not. */
async function halfDone(page) {
  const head = page.getByRole("main").getByRole("progressbar", { name: "Progress of the run" });
  await head.and(page.locator(":not([aria-valuenow='0']):not([aria-valuenow='100'])")).waitFor({ timeout: 60_000 });
}

test("a new user opens the sample, says what is needed, and sees whom it concerns while writing", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects`);
  await page.getByRole("button", { name: "Open the sample project" }).click();
  await page.getByRole("region", { name: "Scenes" }).waitFor();
  sample = page.url().split("/").at(-1);
  await page.keyboard.press("Control+3");
  const field = page.getByRole("textbox", { name: "Message in Task mode" });
  await field.fill("List the sounds and the music");
  const audio = page.getByRole("button", { name: "Audio", pressed: true });
  await audio.waitFor();
  assert.equal(await page.getByRole("button", { name: "Production", pressed: true }).count(), 0);
  await page.getByRole("button", { name: "Production", pressed: false }).click();
  await page.getByRole("button", { name: "Production", pressed: true }).waitFor();
  await seen(page, "order");
});

test("an order that says too little is not taken, stays where it was written, and says what to do", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: "Production", pressed: true }).click();
  const field = page.getByRole("textbox", { name: "Message in Task mode" });
  await field.fill("Hello there");
  await page.keyboard.press("Enter");
  const alert = page.getByRole("alert").filter({ hasText: "This was not ordered" });
  await alert.waitFor();
  assert.match(await alert.innerText(), /name it, or a department/i);
  assert.equal(await field.inputValue(), "Hello there");
});

test("the order becomes a message that lives, and its run a graph that fills", async () => {
  const { page } = ada;
  const run = await order(page, sample, "Prepare the film for shooting");
  const progress = page.getByRole("article", { name: "Progress of Prepare the film for shooting" });
  await progress.getByText(/^Complete/).waitFor();
  await progress.getByRole("link", { name: "Open the run" }).click();
  const { run: whole } = await endsAsStored(page, sample, run);
  assert.equal(whole.total, 16);
  for (const department of ["Character", "Story", "Visual", "Audio", "Image quality", "Video", "Production"]) {
    await graph(page).getByRole("button", { name: new RegExp(`^${department} Complete`) }).waitFor();
  }
  await page.getByRole("region", { name: "Result" }).getByText("Good as it is").waitFor();
  await seen(page, "run");
});

test("a step opens on what it gave, readable, with links to the records that it rests on", async () => {
  const { page } = ada;
  await graph(page).getByRole("button", { name: /^Cue list/ }).click();
  await page.getByRole("region", { name: "Step Cue list" }).waitFor();
  await page.keyboard.press("Escape");
  await steps(page).getByRole("button", { name: /^Shot list/ }).click();
  const step = page.getByRole("region", { name: "Step Shot list and looks" });
  const shots = step.getByRole("region", { name: "Shots" });
  await shots.getByRole("columnheader", { name: "Movement" }).waitFor();
  assert.equal(await step.locator("pre").count(), 0, "no JSON where a table can be");
  await seen(page, "step");
  const source = shots.getByRole("row").nth(1).getByRole("link");
  assert.match(await source.getAttribute("href"), /\/records\/scenes\/ent_/);
  await source.click();
  await page.getByRole("heading", { level: 1, name: /^(EXT|INT)\./ }).waitFor();
  await page.goBack();
  await step.waitFor();
  await step.getByRole("tab", { name: "Input" }).click();
  await step.getByRole("button", { name: "Head of story" }).click();
  await page.getByRole("region", { name: "Step Head of story" }).getByText("Meets its threshold").waitFor();
});

test("a run is gone through by keys alone", async () => {
  const { page } = ada;
  await page.keyboard.press("Escape");
  await steps(page).waitFor();
  await page.keyboard.press("j");
  await page.getByRole("region", { name: "Step Cast and co-appearance" }).waitFor();
  await page.keyboard.press("j");
  await page.getByRole("region", { name: "Step Head of characters" }).waitFor();
  await page.keyboard.press("k");
  await page.getByRole("region", { name: "Step Cast and co-appearance" }).waitFor();
  await page.keyboard.press("Escape");
  await steps(page).waitFor();
});

test("scrubbing shows the run as it was, and comes back to its end", async () => {
  const { page } = ada;
  const time = page.getByRole("slider", { name: "Time in the run" });
  await time.focus();
  await page.keyboard.press("Home");
  await graph(page).getByRole("button", { name: /^Character Queued/ }).waitFor();
  assert.deepEqual([...new Set(await shown(page))], ["queued"]);
  await page.keyboard.press("ArrowRight");
  await steps(page).getByText("Running").first().waitFor({ state: "attached" });
  await page.keyboard.press("End");
  await graph(page).getByRole("button", { name: /^Character Complete/ }).waitFor();
  await page.getByRole("region", { name: "Replay" }).getByRole("button", { name: "The end", disabled: true }).waitFor();
});

test("what has ended is told by the bell until it is looked at, and what waits until it is decided", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: /^Notifications, \d new, 1 waiting$/ }).click();
  const told = page.getByRole("dialog", { name: "Notifications" });
  await told.getByText("“Prepare the film for shooting” is complete").waitFor();
  await seen(page, "bell");
  await told.getByRole("list", { name: "Waits for a decision" }).getByRole("link", { name: "Review" }).click();
  await page.getByRole("heading", { level: 1, name: "Reviews" }).waitFor();
  await page.getByRole("button", { name: "Notifications, 1 waiting" }).waitFor();
  // The bell has the focus again, and its tip is over the page.
  await page.keyboard.press("Escape");
});

test("outputs are decided on by keys: saved and taken back, changed, dropped, and the rest at once", async () => {
  const { page } = ada;
  const reviews = page.getByRole("navigation", { name: "Reviews" }).getByRole("link");
  await reviews.nth(7).waitFor();
  const titles = await reviews.locator("span[title]").evaluateAll((all) => all.map(({ title }) => title));
  const opened = (title) => page.getByRole("article", { name: title, exact: true });
  await opened(titles[0]).waitFor();
  await seen(page, "reviews");
  await page.keyboard.press("i");
  const undo = page.getByRole("region", { name: "Messages" }).getByRole("button", { name: "Undo" });
  await undo.waitFor();
  await opened(titles[1]).waitFor();
  const saved = () => api.get(`/projects/${sample}/deliverables`).then(({ docs }) => docs.map(({ name }) => name));
  assert.deepEqual(await saved(), [titles[0]]);
  await undo.click();
  await page.getByText("Taken back").waitFor();
  assert.deepEqual(await saved(), []);

  await page.getByRole("button", { name: "Modify" }).click();
  await page.getByLabel("Title").fill("What we shall hear");
  await page.getByRole("button", { name: "Keep the changes" }).click();
  await opened("What we shall hear").waitFor();
  await page.keyboard.press("d");
  await reviews.nth(5).waitFor();
  await opened("What we shall hear").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Decide on all" }).click();
  await page.getByRole("menuitem", { name: "Save what is advised" }).click();
  // One of them is worth looking at, and is not saved unseen, unless it was decided on above.
  await page.getByText(/^[56] saved/).waitFor();
  assert.ok((await saved()).length >= 5);
});

test("readiness says what is lacking, and offers what to do about it", async () => {
  const { page } = ada;
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Readiness" }).click();
  await page.getByRole("heading", { level: 1, name: "Readiness" }).waitFor();
  await page.getByRole("region", { name: "Departments" }).getByRole("meter").nth(6).waitFor();
  await page.getByRole("region", { name: "Departments" }).locator("summary").first().click();
  await seen(page, "readiness");
  const order = page.getByRole("main").getByRole("button", { name: "Order it" });
  if (await order.count()) {
    await order.first().click();
    const field = page.getByRole("textbox", { name: "Message in Task mode" });
    assert.notEqual(await field.inputValue(), "");
    await field.fill("");
  }
});

test("a second person sees the same, live: a pause, going on, and the end on request", async () => {
  long = await api.film("The Long Tide", LONG);
  const invitation = await api.post(`/projects/${long}/invitations`, { email: "ben@example.org", role: "editor" });
  await ben.page.goto(`${server.base}${new URL(invitation.link, server.base).pathname}${new URL(invitation.link, server.base).hash}`);
  await ben.page.getByLabel("Your name").fill("Ben Oak");
  await ben.page.getByLabel("Password").fill(PASSWORD);
  await ben.page.getByRole("button", { name: "Join the project" }).click();
  await ben.page.getByRole("heading", { level: 1, name: "The Long Tide" }).waitFor();

  const run = await order(ada.page, long, "Prepare the film for shooting");
  await Promise.all([ada, ben].map(({ page }) => page.goto(runPage(long, run))));
  await Promise.all([ada, ben].map(({ page }) => halfDone(page)));
  await ada.page.keyboard.press("p");
  const head = ({ page }) => page.getByRole("main").locator("header");
  await Promise.all([ada, ben].map((one) => head(one).getByText("Paused", { exact: true }).waitFor()));
  await head(ben).getByText("Ada Lind paused it.", { exact: false }).waitFor();
  // What is under way is finished, then nothing moves.
  await steps(ada.page).getByText("The run is paused").first().waitFor();
  await seen(ada.page, "run-paused");
  await head(ben).getByRole("button", { name: "Go on" }).click();
  await Promise.all([ada, ben].map((one) => head(one).getByText("Running", { exact: true }).waitFor()));
  await ben.page.getByRole("main").getByRole("button", { name: "Cancel" }).click();
  const ended = await Promise.all([ada, ben].map(({ page }) => endsAsStored(page, long, run, "Cancelled")));
  assert.ok(ended[0].steps.some(({ state }) => state === "cancelled"));

  const again = ended[0].steps.find(({ state }) => state === "cancelled");
  await ada.page.goto(`${runPage(long, run)}?step=${again.id}`);
  await ada.page.getByRole("button", { name: "Retry" }).click();
  await ben.page.getByRole("main").getByText("Running", { exact: true }).first().waitFor();
});

test("a server that is killed in the middle and comes back ends the run, and the page ends as it is stored without a reload", async () => {
  const { page } = ada;
  const run = await order(page, long, "Prepare the film for shooting");
  await page.getByRole("complementary", { name: "Orchestrator" }).locator(`a[href$='/runs/${run}']`).click();
  await page.evaluate(() => (globalThis.never = "reloaded"));
  await halfDone(page);
  await server.halt("SIGKILL");
  await page.getByRole("status").filter({ hasText: "The connection is lost" }).waitFor();
  assert.ok((await shown(page)).some((state) => state !== "complete"), "it was in the middle");
  await server.again();
  const detail = await endsAsStored(page, long, run);
  assert.equal(await page.evaluate(() => globalThis.never), "reloaded");
  // Each step's result counted once, though some were begun twice.
  for (const { id, name } of detail.steps) {
    const results = detail.attempts.filter(({ stepId, outcome }) => stepId === id && outcome === "complete");
    assert.equal(results.length, 1, name);
  }
});

test("a run of 200 steps is drawn as far as it is seen", async () => {
  const { page } = ada;
  const { docs } = await api.get(`/projects/${sample}/runs`);
  const detail = await stored(sample, docs[0].id);
  const steps = await lengthened(page, { project: sample, detail });
  await page.goto(runPage(sample, docs[0].id));
  await graph(page).getByRole("button", { name: /^Round 0 character/ }).waitFor();
  assert.ok((await graph(page).getByRole("button").count()) < 150, "what is out of sight is not drawn");
  assert.equal((await shown(page)).length, steps.length, "the list has all of them");
  const told = ({ drawn, long, longest }) => `${drawn} frames, ${long} longer than 50 ms, the longest ${Math.round(longest)} ms`;
  console.log(`# from step to step at 200 steps: ${told(await goneThrough(page))}`);
  await page.keyboard.press("Escape");
  console.log(`# the replay of 200 steps: ${told(await scrubbed(page))}`);
  await page.unrouteAll();
});

test("the list tells how far each run is", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects/${long}`);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Runs" }).click();
  await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
  await page.getByRole("main").getByRole("link", { name: /Prepare the film for shooting/ }).nth(1).waitFor();
  await seen(page, "runs");
});

test("everything of a run is there on a small screen", async () => {
  const { page } = ada;
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("main").getByRole("link", { name: /Prepare the film for shooting/ }).first().click();
  await graph(page).getByRole("button", { name: /^Character/ }).waitFor();
  await seen(page, "run-phone");
  await steps(page).getByRole("button", { name: /^Cue list/ }).click();
  await page.getByRole("region", { name: "Step Cue list" }).getByRole("tab", { name: "Output" }).waitFor();
  await page.getByRole("button", { name: "All steps" }).click();
  await steps(page).waitFor();
});

test("no page met another error than that the server was gone", () => {
  const real = (faults) =>
    faults.filter((fault) => !/ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket connection|ERR_FAILED|status of 40[019]|status of 503/.test(fault));
  assert.deepEqual(real(ada.faults), []);
  assert.deepEqual(real(ben.faults), []);
});
