/** The first main job in a real browser on the real program: from a screenplay to a film that one can ask, with two people. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { seen } from "../support/looks.mjs";
import { PASSWORD } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

const FERRY = `Title: Night Crossing

INT. FERRY - WHEELHOUSE - NIGHT

Rain on the windows. MARA VOSS counts the lights of the harbour.

MARA
Nine. There should be ten.

JOSS (O.S.)
One burnt out in March.

EXT. HARBOUR - PIER - NIGHT

Joss waits with a lantern. Mara throws him the rope.

JOSS
You are late.

INT. HARBOUR OFFICE - DAY

INES FALK turns the pages of the log.

INES
Somebody signed for that lamp.
`;

let server;
let browser;
let ada;
let ben;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser, { colorScheme: "light" });
  ben = await newPerson(browser, { colorScheme: "dark" });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const message = (page) => page.getByRole("textbox", { name: /^Message/ });
const messages = (page) => page.getByRole("region", { name: "Messages", exact: true });
const nav = (page, name) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name });

test("before the set-up, the sign-in sends one to the set-up, which gives nothing away", async () => {
  await ben.page.goto(`${server.base}/projects`);
  await ben.page.getByRole("heading", { name: "Set up this server" }).waitFor();
  assert.equal(await ben.page.getByLabel("Password").count(), 0);
});

test("the first person sets the server up by the link of the console", async () => {
  const { page } = ada;
  await page.goto(server.setupLink);
  await page.getByLabel("Your name").fill("Ada Lind");
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  assert.ok(!page.url().includes("token"), "the token does not stay in the address");
  await seen(page, "set-up");
  await page.getByRole("button", { name: "Begin" }).click();
  await page.getByText("Your first film").waitFor();
  await seen(page, "first-project");
});

test("a reload keeps one signed in, and nothing secret is kept where scripts can read it", async () => {
  const { page } = ada;
  await page.reload();
  await page.getByText("Your first film").waitFor();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage, cookie: document.cookie }));
  assert.ok(!/eyJ|token/i.test(kept), kept);
});

test("the empty list offers a sample, which is a film one can ask", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: "Open the sample project" }).click();
  await page.getByRole("heading", { level: 1, name: "The Last Ferry" }).waitFor();
  await page.getByText("Recent activity").waitFor();
  await seen(page, "home");
});

test("a question is answered with its sources", async () => {
  const { page } = ada;
  await message(page).fill("Who has the most dialogue?");
  await page.keyboard.press("Enter");
  await page.getByLabel("Sources", { exact: true }).last().waitFor();
  await seen(page, "question");
});

test("scenes are a table, and a scene reads as a screenplay", async () => {
  const { page } = ada;
  await nav(page, /^Scenes/).click();
  const table = page.getByRole("table", { name: "Scenes" });
  await table.getByRole("link").first().waitFor();
  await seen(page, "scenes");
  await table.getByRole("link").first().click();
  await page.getByRole("tab", { name: "Script", selected: true }).waitFor();
  await seen(page, "scene");
});

test("a dropped screenplay is previewed, and saved only by a decision", async () => {
  const { page } = ada;
  await page.getByRole("link", { name: /all projects/ }).click();
  await page.getByRole("button", { name: "New project" }).click();
  await page.getByLabel("Name").fill("Night Crossing");
  await page.getByRole("button", { name: "Make the project" }).click();
  await page.getByText("Drop a screenplay here").waitFor();
  await page.getByLabel("Screenplay file").setInputFiles({
    name: "night-crossing.fountain",
    mimeType: "text/plain",
    buffer: Buffer.from(FERRY),
  });
  await page.getByRole("region", { name: "Quality" }).waitFor();
  await seen(page, "import");
  await page.getByRole("button", { name: "Ingest" }).click();
  await page.getByRole("heading", { level: 1, name: "Night Crossing" }).waitFor();
  await nav(page, /^Scenes 3$/).waitFor();
  await nav(page, /^Characters 3$/).waitFor();
});

test("questions in plain words are answered from what was imported", async () => {
  const { page } = ada;
  await message(page).fill("Which scenes is Joss in?");
  await page.keyboard.press("Enter");
  const sources = page.getByLabel("Sources", { exact: true }).last();
  await sources.waitFor();
  const text = (await sources.innerText()).toUpperCase();
  assert.match(text, /WHEELHOUSE/);
  assert.match(text, /PIER/);
});

test("someone who is invited joins, and both see each other", async () => {
  const { page } = ada;
  await nav(page, "Project settings").click();
  await page.getByLabel("E-mail").fill("ben@example.org");
  await page.getByRole("button", { name: "Invite" }).click();
  const link = await page.getByLabel(/^The link for/).inputValue();
  await seen(page, "people");
  await ben.page.goto(link);
  await ben.page.getByLabel("Your name").fill("Ben Oak");
  await ben.page.getByLabel("Password").fill(PASSWORD);
  await ben.page.getByRole("button", { name: "Join the project" }).click();
  await ben.page.getByRole("heading", { level: 1, name: "Night Crossing" }).waitFor();
  await page.getByRole("img", { name: "Ben Oak is here" }).waitFor();
  await ben.page.getByRole("img", { name: "Ada Lind is here" }).waitFor();
});

test("a character that is told in data mode passes the gate, and appears in the second browser", async () => {
  const { page } = ada;
  await nav(ben.page, /^Characters/).click();
  await ben.page.getByRole("table", { name: "Characters" }).waitFor();
  await page.keyboard.press("Control+2");
  await message(page).fill("Tove Lund, a 41-year-old diver, works at the Harbour. She is stubborn and knows Mara.");
  await page.keyboard.press("Enter");
  const preview = page.getByRole("group", { name: /Tove Lund/ }).first();
  await preview.waitFor();
  await seen(page, "data");
  const related = preview.getByRole("list", { name: "Relationships" });
  const [harbour, mara] = await Promise.all(
    ["Harbour", "Mara"].map((name) => related.getByRole("link", { name }).getAttribute("href")),
  );
  assert.match(harbour, /\/records\/locations\//);
  assert.match(mara, /\/records\/characters\//);
  await preview.getByRole("button", { name: "Ingest" }).click();
  await preview.getByText(/^Saved/).waitFor();
  await ben.page.getByRole("table", { name: "Characters" }).getByRole("link", { name: "Tove Lund" }).waitFor();
  // Who did it is told once, with the undo; everyone else is notified.
  await messages(ben.page).getByText("Tove Lund added").waitFor();
  assert.equal(await messages(page).getByText(/Tove Lund/).count(), 1);
  await messages(page).getByText("Tove Lund was saved").waitFor();
});

test("what was saved can be taken back by one click, in both browsers", async () => {
  await ada.page.getByRole("button", { name: /^Undo/ }).last().click();
  await ben.page.getByRole("table", { name: "Characters" }).getByRole("link", { name: "Tove Lund" }).waitFor({ state: "detached" });
});

test("two people who change the same field are both shown, and nothing is overwritten", async () => {
  const open = async (page) => {
    await nav(page, /^Characters/).click();
    await page.getByRole("table", { name: "Characters" }).getByRole("link", { name: /mara/i }).click();
    await page.getByRole("tab", { name: "Details" }).click();
  };
  const field = (page) => page.getByRole("main").getByLabel("Description");
  await open(ada.page);
  await open(ben.page);
  await field(ada.page).fill("She counts the lights.");
  await field(ben.page).fill("She never counts.");
  await ben.page.getByRole("button", { name: /^Save/ }).click();
  await ada.page.getByRole("region", { name: "Changes of both" }).waitFor();
  await seen(ada.page, "conflict");
  assert.equal(await field(ada.page).inputValue(), "She counts the lights.");
  await ada.page.getByRole("button", { name: "Keep mine" }).click();
  await ada.page.getByRole("button", { name: /^Save/ }).click();
  await ben.page.getByText("She counts the lights.").first().waitFor();
  await ada.page.getByRole("tab", { name: "History" }).click();
  await ada.page.getByText("Ben Oak").first().waitFor();
  await seen(ada.page, "history");
});

test("the palette finds records and does what is asked", async () => {
  const { page } = ada;
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("joss");
  await page.getByRole("option", { name: /joss/i, selected: true }).waitFor();
  await seen(page, "palette");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Joss" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("dark theme");
  await page.keyboard.press("Enter");
  await page.locator("html[data-theme=dark]").waitFor({ state: "attached" });
});

test("a chosen theme is there before the first paint of the next visit", async () => {
  await ada.page.reload();
  assert.equal(await ada.page.locator("html").getAttribute("data-theme"), "dark");
});

test("a malformed file is refused with the reason, and nothing is saved", async () => {
  const { page } = ada;
  await nav(page, "Imports").click();
  await page.getByRole("link", { name: "Import a screenplay" }).click();
  await page.getByLabel("Screenplay file").setInputFiles({
    name: "broken.fdx",
    mimeType: "application/xml",
    buffer: Buffer.from('<?xml version="1.0"?>\n<FinalDraft DocumentType="Script">\n<Content><Paragraph>'),
  });
  await page.getByRole("alert").first().waitFor();
  await nav(page, /^Scenes 3$/).waitFor();
});

test("settings say how the memory and the model stand", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/settings/model`);
  await page.getByRole("heading", { name: "Language model" }).waitFor();
  await seen(page, "model");
  await page.getByRole("link", { name: "Memory" }).click();
  await page.getByText("Local embedder", { exact: true }).waitFor();
  await seen(page, "memory");
});

test("everything is there on a small screen", async () => {
  const { page } = ben;
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("button", { name: "Navigation" }).click();
  await page.getByRole("dialog").getByRole("link", { name: "Home" }).click();
  await page.getByText("Recent activity").waitFor();
  await seen(page, "phone");
});

test("signing out leaves nothing behind", async () => {
  const { page } = ben;
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await seen(page, "sign-in");
  await page.goto(`${server.base}/projects`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("no page met an error, and the policy blocked nothing", () => {
  // Refusals that the tests provoke (a conflict, a malformed file) are logged by the browser as failed loads.
  const real = (faults) => faults.filter((fault) => !/Failed to load resource.*(409|422|400|401)/.test(fault));
  assert.deepEqual(real(ada.faults), []);
  assert.deepEqual(real(ben.faults), []);
});
