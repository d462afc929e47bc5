/** Who works in a project: changed by an owner, refused at the line that is wrong, switched off, added, and put back. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { film } from "../support/film.mjs";
import { seen } from "../support/looks.mjs";
import { firstPerson } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

let server;
let browser;
let ada;
let api;
let project;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  api = await firstPerson(server, ada);
  project = await api.film("The Long Tide", film(4).text);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const agent = (name) => api.get(`/projects/${project}/agents/audio/${name}`);

test("a definition is refused at the line that is wrong, saved when it is mended, and put back", async () => {
  const { page } = ada;
  await page.goto(
    `${server.base}/projects/${project}/agents?agent=audio%2Fcues`,
  );
  const text = page.getByRole("textbox", { name: "Definition of Cue list" });
  await text.waitFor();
  await seen(page, "agents");
  const before = await text.inputValue();
  await text.fill(
    before.replace(/^tools: .*$/m, "tools: [recall, shell]"),
  );
  await page.getByRole("main").getByRole("button", { name: "Save" }).click();
  await page.getByText(/^Line 7: tools: there is no tool shell/).waitFor();
  await seen(page, "agents-refused");
  // The line that is wrong is selected.
  const selected = await text.evaluate((one) =>
    one.value.slice(one.selectionStart, one.selectionEnd),
  );
  assert.equal(selected, "tools: [recall, shell]");
  await text.fill(before.replace("Cue list", "Cues and noises"));
  await page.getByRole("main").getByRole("button", { name: "Save" }).click();
  await page.getByText("Cues and noises was saved").waitFor();
  assert.equal((await agent("cues")).origin, "changed");
  await page.getByRole("tab", { name: "History" }).click();
  await page
    .getByRole("list", { name: "History" })
    .getByText("wrote a definition")
    .waitFor();
  await page.getByRole("button", { name: "Put back" }).click();
  await page.getByText("is as built in").waitFor();
  assert.equal((await agent("cues")).origin, "built-in");
});

test("a specialist is added to a department, switched off, and removed", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects/${project}/agents`);
  await page.getByRole("button", { name: "Add a specialist to Audio" }).click();
  const dialog = page.getByRole("dialog", { name: "New specialist in audio" });
  await dialog.getByLabel("Title").fill("Sounds of the sea");
  await dialog
    .getByLabel("What its model is told")
    .fill("You listen to the sea.");
  await seen(page, "agents-new");
  await dialog.getByRole("button", { name: "Add" }).click();
  const article = page.getByRole("article", { name: "Sounds of the sea" });
  await article.waitFor();
  assert.equal(
    (await agent("sounds-of-the-sea")).definition.includes("engine: film.cues"),
    true,
  );
  await article.getByRole("button", { name: "Switch off" }).click();
  await article.getByRole("button", { name: "Switch on" }).waitFor();
  assert.equal((await agent("sounds-of-the-sea")).off, true);
  await article.getByRole("button", { name: "Remove" }).click();
  await article.waitFor({ state: "detached" });
});
