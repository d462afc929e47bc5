/** What a lost connection does: a large file goes on where it stopped, and the page says what still works and catches up. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { film } from "../support/film.mjs";
import { seen } from "../support/looks.mjs";
import { caller, firstPerson } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

const CHUNK = 1024 * 1024;
/** More than one chunk, and as many scenes as the server reads. */
const LARGE = film(1600);
const FILE = { name: "the-long-tide.fountain", mimeType: "text/plain", buffer: Buffer.from(LARGE.text) };
const CHUNKS = Math.ceil(FILE.buffer.length / CHUNK);

let server;
let browser;
let ada;
let api;
let project;

before(async () => {
  assert.ok(CHUNKS > 1, `${FILE.buffer.length} bytes`);
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  api = await firstPerson(server, ada);
  project = (await api.post("/projects", { name: "The Long Tide", type: "movie" })).id;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const newImport = () => `${server.base}/projects/${project}/imports/new`;
const indexOf = (url) => Number(url.split("/").at(-1));

/** Notes which chunks are let through; each waits for what `held` gives for it, and is lost if that says so. */
async function watchChunks(page, held = () => null) {
  const arrived = [];
  await page.route("**/uploads/*/chunks/*", async (route) => {
    const index = indexOf(route.request().url());
    if ((await held(index)) === "lost") return route.abort("connectionreset");
    await route.continue();
    arrived.push(index);
  });
  return arrived;
}

test("a file of more than a megabyte shows how far it is, and a cancelled one goes on where it stopped", async () => {
  const { page } = ada;
  const last = CHUNKS - 1;
  const first = await watchChunks(page, (index) => (index === last ? new Promise(() => {}) : null));
  await page.goto(newImport());
  await page.getByLabel("Screenplay file").setInputFiles(FILE);
  const bar = page.getByRole("progressbar", { name: "Sending the file" });
  await bar.waitFor();
  const whole = Math.round(((last * CHUNK) / FILE.buffer.length) * 100);
  await page.getByText(`${whole} %`).waitFor();
  assert.equal(await bar.getAttribute("aria-valuenow"), String(whole));
  await seen(page, "upload");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Drop a screenplay here").waitFor();
  await page.unroute("**/uploads/*/chunks/*");
  assert.deepEqual(first.sort(), Array.from({ length: last }, (_, index) => index));

  // Not even a new page forgets it.
  await page.reload();
  const second = await watchChunks(page);
  await page.getByLabel("Screenplay file").setInputFiles(FILE);
  await page.getByRole("region", { name: "Quality" }).waitFor();
  assert.deepEqual(second, [last], "only what was missing is sent");
  await page.unroute("**/uploads/*/chunks/*");
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByText("discarded", { exact: false }).first().waitFor();
});

test("a chunk that is lost on its way is sent again by itself", async () => {
  const { page } = ada;
  const lost = [];
  const arrived = await watchChunks(page, (index) => {
    if (index !== 0 || lost.length === 2) return null;
    lost.push(index);
    return "lost";
  });
  await page.goto(newImport());
  await page.getByLabel("Screenplay file").setInputFiles(FILE);
  await page.getByRole("region", { name: "Quality" }).waitFor();
  assert.equal(lost.length, 2);
  assert.deepEqual(arrived.sort(), Array.from({ length: CHUNKS }, (_, index) => index));
  await page.unroute("**/uploads/*/chunks/*");
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByText("discarded", { exact: false }).first().waitFor();
});

test("an upload that the server's end broke off is kept, and one click goes on with it when the server is back", async () => {
  const page = await ada.context.newPage();
  // The waits between attempts are as short as they can be.
  await page.addInitScript(() => (Math.random = () => 0));
  const last = CHUNKS - 1;
  let reached;
  const there = new Promise((resolve) => (reached = resolve));
  let go;
  const until = new Promise((resolve) => (go = resolve));
  await watchChunks(page, (index) => {
    if (index !== last) return null;
    reached();
    return until;
  });
  await page.goto(newImport());
  await page.getByLabel("Screenplay file").setInputFiles(FILE);
  await there;
  await page.getByText(`${Math.round(((last * CHUNK) / FILE.buffer.length) * 100)} %`).waitFor();
  await server.halt("SIGKILL");
  go();
  await page.getByText("What has arrived is kept").waitFor();
  await seen(page, "upload-broken");
  await page.unroute("**/uploads/*/chunks/*");
  await server.again();
  const second = await watchChunks(page);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("region", { name: "Quality" }).waitFor();
  assert.deepEqual(second, [last]);
  await page.close();
});

test("a lost connection is said, with what still works, and what was missed is there when it is back", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects/${project}/records/characters`);
  await page.getByText("No characters yet").waitFor();
  // What comes by itself came over the live connection.
  await api.post(`/projects/${project}/characters`, { name: "Mara" });
  const table = page.getByRole("table", { name: "Characters" });
  await table.getByRole("link", { name: "Mara" }).waitFor();
  // A sign-in holds for one address of the server, a key for all.
  const { key } = await api.post("/auth/keys", { name: "Elsewhere", scope: "write", expiresInDays: 1 });
  await server.halt("SIGKILL");
  const banner = page.getByRole("status").filter({ hasText: "The connection is lost" });
  await banner.waitFor();
  assert.match(await banner.innerText(), /read what is already here.*Changes are not sent/s);
  await seen(page, "lost-connection");

  // Someone changes something where this browser cannot hear of it.
  const elsewhere = await server.again({ elsewhere: true });
  await caller(elsewhere, key).post(`/projects/${project}/characters`, { name: "Joss" });
  await server.halt();
  assert.equal(await table.getByRole("link", { name: "Joss" }).count(), 0);

  await server.again();
  await banner.waitFor({ state: "detached" });
  await table.getByRole("link", { name: "Joss" }).waitFor();
});

test("no page met another error than that the server was gone", () => {
  assert.deepEqual(
    ada.faults.filter((fault) => !/ERR_CONNECTION|WebSocket connection|ERR_FAILED|status of 40[019]|status of 503/.test(fault)),
    [],
  );
});
