/** Measures the web vitals of each main screen, a scroll through ten thousand records and a run of 200 steps, into `VITALS.md`. */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { newPerson, startBrowser } from "./support/browser.mjs";
import { goneThrough, lengthened, scrubbed } from "./support/long-run.mjs";
import { firstPerson } from "./support/person.mjs";
import { furnished, screens } from "./support/screens.mjs";
import { scrollToEnd } from "./support/scrolling.mjs";
import { startServer } from "./support/server.mjs";
import { drawn, observe, vitalsOf } from "./support/vitals.mjs";

/** Each screen is opened so often, and the worst time counts. */
const TIMES = 5;
const MANY = 10_000;
const BOUNDS = { fcp: 1000, lcp: 1500, cls: 0.05, inp: 100 };

const [load] = loadavg();
const server = await startServer();
const browser = await startBrowser();
let api;
try {
  const ada = await newPerson(browser, { reducedMotion: "no-preference" });
  api = await firstPerson(server, ada);
  const session = await ada.context.storageState();
  const rows = [];
  const furniture = await furnished(api);
  for (const screen of screens(furniture)) rows.push([screen.name, await measured(screen, session)]);
  const run = await longRun(furniture, session);
  const project = await api.concepts("Many Thoughts", MANY);
  const scroll = await scrolled(project, session);
  await writeFile(new URL("VITALS.md", import.meta.url), report(rows, scroll, run));
} finally {
  await browser.close();
  await server.stop();
}

/** The worst of several first visits: each has a browser profile that has cached nothing. */
async function measured({ path, ready, hand }, storageState) {
  const visits = [];
  for (let time = 0; time < TIMES; time++) {
    const { context, page } = await visit(storageState);
    await page.goto(`${server.base}${path}`);
    await ready(page);
    const arrived = await vitalsOf(page);
    await hand(page);
    const { inp } = await vitalsOf(page);
    visits.push({ ...arrived, inp });
    // The session's cookie is a new one after each visit.
    storageState.cookies = (await context.storageState()).cookies;
    await context.close();
  }
  return Object.fromEntries(Object.keys(BOUNDS).map((name) => [name, Math.max(...visits.map((one) => one[name]))]));
}

async function visit(storageState) {
  const { context, page } = await newPerson(browser, { storageState, reducedMotion: "no-preference" });
  await observe(context);
  return { context, page };
}

async function scrolled(project, storageState) {
  const { context, page } = await visit(storageState);
  await page.goto(`${server.base}/projects/${project}/records/concepts`);
  const table = page.getByRole("table", { name: "Concepts" });
  await table.getByRole("link").first().waitFor();
  await drawn(page);
  const arriving = await scrollToEnd(page, table, MANY);
  await table.locator("[role=rowgroup]").last().evaluate((box) => (box.scrollTop = 0));
  await drawn(page);
  const loaded = await scrollToEnd(page, table, MANY);
  await context.close();
  return { arriving, loaded };
}

/** A run of 200 steps, gone through by its keys and by its slider. */
async function longRun({ project, run }, storageState) {
  const { context, page } = await visit(storageState);
  const detail = await api.get(`/projects/${project}/runs/${run}`);
  await lengthened(page, { project, detail });
  await page.goto(`${server.base}/projects/${project}/runs/${run}`);
  await page.getByRole("region", { name: "Graph" }).getByRole("button", { name: /^Round 0 character/ }).waitFor();
  await drawn(page);
  const keys = await goneThrough(page);
  await page.keyboard.press("Escape");
  const replay = await scrubbed(page);
  storageState.cookies = (await context.storageState()).cookies;
  await context.close();
  return { keys, replay };
}

function report(rows, { arriving, loaded }, { keys, replay }) {
  const git = (...args) => execFileSync("git", args, { encoding: "utf8" }).trim();
  const kind = process.env.ATELIER_BINARY.includes("release") ? "release" : "debug";
  const cell = (name, value) => {
    const text = name === "cls" ? value.toFixed(3) : String(Math.round(value));
    return value < BOUNDS[name] ? text : `**${text}**`;
  };
  const line = ([screen, found]) =>
    `| ${screen} | ${Object.keys(BOUNDS).map((name) => cell(name, found[name])).join(" | ")} |`;
  const scroll = (what, { mostRows, drawn, long, longest }) =>
    `| ${what} | ${mostRows} | ${drawn} | ${long} | ${Math.round(longest)} ms |`;
  const frames = (what, { drawn, long, longest }) => `| ${what} | ${drawn} | ${long} | ${Math.round(longest)} ms |`;
  return `# Web vitals

Made by \`npm run vitals\`: the ${kind} binary at commit ${git("rev-parse", "--short", "HEAD")}, Chromium ${browser.version()} (headless, without a GPU),
Node ${process.version}, ${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, server and browser on the same
machine, whose load average was ${load.toFixed(1)} before they started: what else runs there makes every time longer.

Each screen of a film of 120 pages is opened ${TIMES} times by a browser that has cached nothing, at 1440 × 900; the worst visit is
shown, times in milliseconds. INP is the slowest answer to the keys and clicks that the screen is used with. The bounds are
FCP < ${BOUNDS.fcp}, LCP < ${BOUNDS.lcp}, CLS < ${BOUNDS.cls}, INP < ${BOUNDS.inp}; what misses its bound is **bold**. CLS is a test, too.

| screen | FCP | LCP | CLS | INP |
|---|---|---|---|---|
${rows.map(line).join("\n")}

A list of ${MANY.toLocaleString("en")} records, scrolled by 600 pixels a frame to its end:

| | most rows in the page | frames | longer than 50 ms | longest |
|---|---|---|---|---|
${scroll("while its pages are fetched", arriving)}
${scroll("once all are there", loaded)}

A run of 200 steps, one step or time in each frame:

| | frames | longer than 50 ms | longest |
|---|---|---|---|
${frames("from step to step by a key", keys)}
${frames("its replay, from the end to the beginning", replay)}
`;
}
