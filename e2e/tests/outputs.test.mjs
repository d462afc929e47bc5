/** What departments made, as people read it and take it with them: in their own words, as tables and on paper. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { seen } from "../support/looks.mjs";
import { firstPerson, joins } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";
import { drawn } from "../support/vitals.mjs";

let server;
let browser;
let ada;
let vera;
let api;
let project;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  vera = await newPerson(browser);
  api = await firstPerson(server, ada);
  project = (await api.post("/projects/sample")).id;
  await api.post("/orchestrator/task", { projectId: project, task: "Prepare the film for shooting" });
  await joins(server, vera, api, { project, name: "Vera Gray", email: "vera@example.org", role: "viewer" });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const output = (page, name) => page.getByRole("article", { name });
const list = (page) => page.getByRole("navigation", { name: "Reviews" }).getByRole("link");

async function open(page, name) {
  await page.goto(`${server.base}/projects/${project}/reviews`);
  await list(page).filter({ hasText: name }).click();
  await output(page, name).waitFor();
}

/** Saves a file by the menu of an output, and gives its name and content. */
async function file(page, name, title, ending) {
  await output(page, name).getByRole("button", { name: "Files" }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: `${title} ${ending}`, exact: true }).click();
  const download = await saved;
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

test("no output shows a field by the name that programs have for it", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects/${project}/reviews`);
  await list(page).nth(7).waitFor();
  const titles = await list(page).locator("span[title]").allInnerTexts();
  for (const title of titles) {
    await list(page).filter({ hasText: title }).click();
    const shown = output(page, new RegExp(`^${title}`));
    await shown.waitFor();
    // What lies in sections is drawn when they are opened, and may have sections of its own.
    for (let depth = 0; depth < 4; depth++) {
      await shown.locator("details:not([open]) > summary").evaluateAll((all) => all.forEach((one) => one.click()));
      await drawn(page);
    }
    const labels = await shown.locator("dt, th, h3, summary").allInnerTexts();
    assert.deepEqual(labels.filter((label) => /[a-z][A-Z]|_|millis/.test(label)), [], title);
    const cells = await shown.locator("dd, td").allInnerTexts();
    assert.deepEqual(cells.filter((cell) => /^[a-z]+[A-Z][a-zA-Z]+$|ent_|NaN|undefined|\[object/.test(cell)), [], title);
    assert.equal(await shown.locator("pre").count(), 0, `${title}: no JSON`);
  }
});

test("a table is taken along as CSV, with the same rows as on the screen", async () => {
  const { page } = ada;
  await open(page, /^Shot list/);
  const { name, content } = await file(page, /^Shot list/, "Shot list", "CSV");
  assert.match(name, /Shot list\.csv$/);
  const lines = content.toString("utf8").trimEnd().split("\r\n");
  assert.match(lines[0], /^Shot,Scene,Int\.\/Ext\.,Set,Time,Size,Movement,/);
  const more = output(page, /^Shot list/).getByRole("button", { name: /^\d+ more$/ }).first();
  await more.click();
  // They come frame by frame.
  const rows = output(page, /^Shot list/).getByRole("region", { name: "Shots" }).getByRole("row");
  await rows.nth(lines.length - 1).waitFor();
  assert.equal(await rows.count(), lines.length);
});

test("what a set has on paper is taken along as PDF", async () => {
  const { page } = ada;
  await open(page, /^Breakdown/);
  const { name, content } = await file(page, /^Breakdown/, "Call sheets", "PDF");
  assert.match(name, /Call sheets\.pdf$/);
  assert.equal(content.subarray(0, 5).toString("latin1"), "%PDF-");
  assert.ok(content.length > 5_000, `${content.length} bytes`);
  await seen(page, "output");
});

test("a file that cannot be made says so, and what is on the screen stays", async () => {
  const { page } = ada;
  const path = "**/exports/call-sheets.pdf*";
  const problem = { code: "UNREADABLE_DOCUMENT", error: "This was made by another version of Atelier.", requestId: "req_1" };
  await page.route(path, (route) => route.fulfill({ status: 422, json: problem }));
  await output(page, /^Breakdown/).getByRole("button", { name: "Files" }).click();
  await page.getByRole("menuitem", { name: "Call sheets PDF", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "This was made by another version of Atelier." }).waitFor();
  await output(page, /^Breakdown/).waitFor();
  await page.unroute(path);
});

test("a viewer reads outputs and takes their files along, and decides nothing", async () => {
  const { page } = vera;
  await open(page, /^Cue list/);
  const shown = output(page, /^Cue list/);
  await shown.getByText(/^Advice: /).waitFor();
  for (const name of ["Ingest", "Modify", "Send back", "Discard"]) {
    assert.equal(await shown.getByRole("button", { name }).count(), 0, name);
  }
  await page.keyboard.press("i");
  const { content } = await file(page, /^Cue list/, "Cue list", "CSV");
  assert.match(content.toString("utf8"), /^Kind,Cue,By,Scene,Line,Text\r\nSound,/i);
  const { docs } = await api.get(`/projects/${project}/deliverables`);
  assert.deepEqual(docs, [], "no key saves what a viewer looks at");
});

test("no page met another error than the file that could not be made", () => {
  assert.deepEqual(ada.faults.filter((fault) => !/status of 422/.test(fault)), []);
  assert.deepEqual(vera.faults, []);
});
