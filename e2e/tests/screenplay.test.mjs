/** A feature film of 120 pages, from the file to answers that are checked against what was written into it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { film } from "../support/film.mjs";
import { firstPerson } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

const SCRIPT = film(170);

let server;
let browser;
let ada;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  await firstPerson(server, ada);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Asks, and gives the answer's article once its sources are there. */
async function ask(page, question) {
  await page.getByRole("textbox", { name: /^Message/ }).fill(question);
  await page.keyboard.press("Enter");
  const said = page.getByRole("article", { name: "You" }).filter({ hasText: question });
  const answer = said.locator("xpath=following::article[@aria-label='Atelier'][1]");
  await answer.getByLabel("Sources", { exact: true }).waitFor();
  return answer;
}

/** Every source of an answer: what it says, and where it leads. */
async function sourcesOf(answer) {
  const more = answer.getByRole("button", { name: /^\d+ more$/ });
  if (await more.count()) await more.click();
  const links = answer.getByLabel("Sources", { exact: true }).locator("ol > li > div").getByRole("link");
  return links.evaluateAll((all) => all.map((one) => ({ text: one.textContent, path: one.getAttribute("href") })));
}

const called = ({ number, heading }) => `${number}. ${heading}`;

test("a script of 120 pages is previewed whole, and saved by one decision", async () => {
  const { page } = ada;
  await page.goto(`${server.base}/projects`);
  await page.getByLabel("Screenplay file").setInputFiles({
    name: "the-long-tide.fountain",
    mimeType: "text/plain",
    buffer: Buffer.from(SCRIPT.text),
  });
  const quality = page.getByRole("region", { name: "Quality" });
  await quality.waitFor();
  const counted = await quality.locator("dl").innerText();
  for (const [what, count] of [
    ["Scenes", SCRIPT.scenes.length],
    ["Characters", SCRIPT.cast.length],
    ["Locations", SCRIPT.places.length],
  ])
    assert.match(counted, new RegExp(`${what}\\s+${count}\\b`));
  const pages = /(\d+)[ \d/]* pages/.exec(await page.getByText(/\d+[ \d/]* pages/).first().innerText());
  assert.ok(Number(pages?.[1]) >= 120, `${pages?.[0]}`);
  await page.getByRole("button", { name: "Ingest" }).click();
  const nav = page.getByRole("navigation", { name: "Main" });
  await nav.getByRole("link", { name: `Scenes ${SCRIPT.scenes.length}`, exact: true }).waitFor();
  await nav.getByRole("link", { name: `Characters ${SCRIPT.cast.length}`, exact: true }).waitFor();
});

test("“Which scenes is X in?” names exactly the scenes that they speak in, and each source opens its scene", async () => {
  const { page } = ada;
  const expected = SCRIPT.with(SCRIPT.rare);
  const answer = await ask(page, `Which scenes is ${SCRIPT.rare} in?`);
  assert.ok((await answer.innerText()).includes(`${expected.length} scenes with ${SCRIPT.rare}`));
  const sources = await sourcesOf(answer);
  assert.deepEqual(sources.map(({ text }) => text).sort(), expected.map(called).sort());
  await page.goto(`${server.base}${sources[0].path}`);
  await page.getByRole("tab", { name: "Script", selected: true }).waitFor();
  await page.getByRole("main").getByText(SCRIPT.rare.toUpperCase(), { exact: true }).first().waitFor();
});

test("“Who has the most dialogue?” names who has it with the words that they say, and links to them", async () => {
  const { page } = ada;
  const [[first, words], [second, fewer]] = SCRIPT.dialogue();
  assert.ok(words > fewer, "the script has one who says most");
  const answer = await ask(page, "Who has the most dialogue?");
  const text = await answer.innerText();
  assert.match(text, new RegExp(`${first} has the most: ${words} words of dialogue`));
  assert.match(text, new RegExp(`${second} \\(${fewer} words`));
  const sources = await sourcesOf(answer);
  assert.equal(sources[0].text, first);
  assert.match(sources[0].path, /\/records\/characters\//);
});

test("“What happens at the HARBOUR at night?” is told by the scenes there and then, and by no other", async () => {
  const { page } = ada;
  const expected = SCRIPT.scenes.filter(({ place, time }) => place === "HARBOUR" && time === "NIGHT");
  const answer = await ask(page, "What happens at the HARBOUR at night?");
  const sources = await sourcesOf(answer);
  assert.deepEqual(sources.map(({ text }) => text).sort(), expected.map(called).sort());
  for (const { path } of sources) assert.match(path, /\/records\/scenes\//);
});

test("no page met an error", () => assert.deepEqual(ada.faults, []));
