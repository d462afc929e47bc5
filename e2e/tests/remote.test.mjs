/** A task on a runner: what it writes, read as it grows and smooth at ten megabytes, and what it changed. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { seen } from "../support/looks.mjs";
import { firstPerson } from "../support/person.mjs";
import { built, onRunner } from "../support/remote.mjs";
import { startServer } from "../support/server.mjs";

let server;
let browser;
let ada;
let address;

const DIFF = `diff --git a/src/tide.rs b/src/tide.rs
--- a/src/tide.rs
+++ b/src/tide.rs
@@ -1,4 +1,5 @@ fn main() {
 fn main() {
-    let tide = 1;
+    let tide = 2;
+    let ebb = tide - 1;
     println!("{tide}");
 }
diff --git a/docs/old.md b/docs/old.md
deleted file mode 100644
--- a/docs/old.md
+++ /dev/null
@@ -1 +0,0 @@
-gone
diff --git a/logo.png b/logo.png
Binary files a/logo.png and b/logo.png differ
${Array.from({ length: 40 }, (_, at) => `diff --git a/src/part${at}.rs b/src/part${at}.rs\n--- a/src/part${at}.rs\n+++ b/src/part${at}.rs\n@@ -1,200 +1,200 @@\n${Array.from({ length: 200 }, (_, line) => (line === 100 ? `-old ${at}\n+new ${at}` : ` same ${line}`)).join("\n")}`).join("\n")}
`;

const first = {
  fence: 1,
  streams: { output: Buffer.from("\x1b[1mcargo test -p store\x1b[0m\nthe machine went to sleep\n") },
  endedAt: new Date().toISOString(),
  outcome: { end: "lost", message: "The runner ended while this was done. It is tried again.", durationMs: 4_200 },
};
const second = { fence: 2, streams: { output: built(1) } };
const remote = { state: "running", executions: [first, second] };

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser, { acceptDownloads: true });
  const api = await firstPerson(server, ada);
  const { id } = await api.post("/projects", { name: "The Long Tide", type: "movie" });
  address = `${server.base}${await onRunner(ada.page, id, remote)}`;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const output = () => ada.page.getByRole("region", { name: "Output", exact: true });
const below = () => output().evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
const scrollTo = (top) =>
  output().evaluate(async (box, to) => {
    box.scrollTo({ top: to });
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  }, top);
const end = () => ada.page.getByRole("button", { name: "To the end" });

test("a task on a runner opens on what it writes, at the end, in its colours", async () => {
  const { page } = ada;
  await page.goto(address);
  await output().getByText("Compiling 100 %").waitFor();
  assert.ok((await below()) < 20, "the end is seen");
  assert.equal(await page.getByRole("region", { name: "Graph" }).count(), 0, "one step needs no graph");
  await page.getByText("on forge").waitFor();
  await seen(page, "terminal");
});

test("what comes is followed, until the reader scrolls up; then nothing moves", async () => {
  second.streams.output = Buffer.concat([second.streams.output, Buffer.from("one more line\n")]);
  await output().getByText("one more line").waitFor();
  assert.ok((await below()) < 20);
  await scrollTo(3_000);
  await end().waitFor();
  const before = await output().innerText();
  const { scrollHeight } = await output().evaluate(({ scrollHeight }) => ({ scrollHeight }));
  second.streams.output = Buffer.concat([second.streams.output, built(1)]);
  await ada.page.waitForFunction((height) => document.querySelector("[aria-label=Output]").scrollHeight > height, scrollHeight);
  assert.equal(await output().innerText(), before);
  await end().click();
  await end().waitFor({ state: "detached" });
  assert.ok((await below()) < 20);
});

test("ten megabytes are read to the end, with no more rows in the page than are seen", async () => {
  const { page } = ada;
  second.streams.output = Buffer.concat([built(20), Buffer.from("this is the end\n")]);
  assert.ok(second.streams.output.length > 10 << 20);
  await page.reload();
  await output().waitFor();
  // Looked at in each frame: how long it took to come, and how many rows there were.
  const told = await page.evaluate(async () => {
    const seen = { frames: 0, long: 0, longest: 0, rows: 0 };
    let before = performance.now();
    const box = () => document.querySelector("[aria-label=Output]");
    while (!box()?.textContent.includes("this is the end")) {
      const now = await new Promise(requestAnimationFrame);
      seen.frames += 1;
      seen.longest = Math.max(seen.longest, Math.round(now - before));
      if (now - before > 50) seen.long += 1;
      before = now;
      seen.rows = Math.max(seen.rows, box()?.querySelectorAll("[data-row]").length ?? 0);
    }
    return seen;
  });
  assert.ok(told.rows > 10 && told.rows < 120, `${told.rows} rows were in the page`);
  console.log(`# reading 10 MB: ${told.frames} frames, ${told.long} longer than 50 ms, the longest ${told.longest} ms`);
  const scrolled = await output().evaluate(async (box) => {
    const seen = { long: 0, longest: 0, empty: 0 };
    let before = performance.now();
    for (let at = 0; at < 120; at++) {
      box.scrollTop = (box.scrollHeight / 120) * at;
      const now = await new Promise(requestAnimationFrame);
      if (now - before > 50) seen.long += 1;
      seen.longest = Math.max(seen.longest, Math.round(now - before));
      before = now;
      if (box.querySelectorAll("[data-row]").length === 0) seen.empty += 1;
    }
    return seen;
  });
  assert.equal(scrolled.empty, 0, "text is there at each place");
  console.log(`# scrolling through it: ${scrolled.long} of 120 frames longer than 50 ms, the longest ${scrolled.longest} ms`);
});

test("words are found all over it, by keys, and the reader is brought there", async () => {
  const { page } = ada;
  await output().focus();
  await page.keyboard.press("Control+f");
  const field = page.getByRole("textbox", { name: "Find in the output" });
  await field.pressSequentially("rule_4267_");
  await page.getByRole("status").filter({ hasText: /^20$/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByText("1 of 20").waitFor();
  await output().locator("mark").first().waitFor();
  await seen(page, "terminal-find");
  await page.keyboard.press("Shift+Enter");
  await page.getByText("20 of 20").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await field.inputValue(), "");
  assert.ok(await output().evaluate((box) => box === document.activeElement), "back in the text");
});

test("long lines are wrapped or not, and the reader stays at the same line", async () => {
  await scrollTo(200_000);
  // The first line of which the beginning is drawn.
  const first = async () => Number(/rule_(\d+)/.exec(await output().innerText())?.[1]);
  const before = await first();
  const wrap = ada.page.getByRole("button", { name: "Wrap long lines" });
  await wrap.click();
  await ada.page.getByRole("button", { name: "Wrap long lines", pressed: false }).waitFor();
  assert.ok(Math.abs((await first()) - before) < 10, "near the same line");
  await wrap.click();
});

test("what is selected is copied as it was written, not as it is wrapped", async () => {
  const { page } = ada;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await end().click();
  await output().getByText("this is the end").waitFor();
  await output().evaluate((box) => {
    const rows = [...box.querySelectorAll("[data-row]")];
    const last = rows.findLastIndex((row) => row.textContent.includes("rule_5999"));
    const range = document.createRange();
    range.setStart(rows[last].firstChild, 5);
    range.setEndAfter(rows.at(-1).lastChild);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
  });
  await page.keyboard.press("Control+c");
  const copied = (await page.evaluate(() => navigator.clipboard.readText())).split("\n");
  assert.equal(copied[0], `store::contract::rule_5999_holds_for_both_backends_${"x".repeat(5999 % 60)} ... ok`);
  assert.equal(copied.at(-1), "this is the end");
  await page.getByRole("button", { name: "Copy the output" }).click();
  const whole = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(whole.endsWith("this is the end\n") && !whole.includes("\x1b"));
  assert.equal(whole.split("\n").length, 20 * 6_001 + 2);
});

test("all of it can be had as a file", async () => {
  const { page } = ada;
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download the output" }).click();
  const file = await saved;
  assert.equal(file.suggestedFilename(), "cargo test -p store.txt");
  assert.deepEqual(await readFile(await file.path()), second.streams.output);
});

test("an earlier time says how it ended, and what it wrote", async () => {
  const { page } = ada;
  await page.getByLabel("Which time").selectOption({ label: "1: forge, the runner ended" });
  await output().getByText("the machine went to sleep").waitFor();
  await page.getByText("The runner ended while this was done").waitFor();
  await page.getByLabel("Which time").selectOption({ index: 0 });
});

test("once it has ended it tells what it changed, file by file", async () => {
  const { page } = ada;
  second.streams = { ...second.streams, diff: Buffer.from(DIFF), "file:target/report.json": Buffer.from("{}") };
  second.endedAt = new Date().toISOString();
  second.outcome = {
    ...{ end: "failed", message: "The program ended with 101.", exitCode: 101, durationMs: 83_000, branch: "atelier/run_remote" },
    ...{ notes: ["coverage/index.html was not there."], used: { inputTokens: 12_000, outputTokens: 800, costMicros: 31_000 } },
  };
  remote.state = "failed";
  await page.reload();
  await page.getByText("exit code 101").waitFor();
  await page.getByRole("tab", { name: "Changes" }).click();
  const files = page.getByRole("region", { name: "Files that changed" });
  await files.getByText("43 files").waitFor();
  await files.getByRole("button", { name: /src\/tide\.rs/ }).waitFor();
  await files.getByText("no text").waitFor();
  const diff = page.getByRole("region", { name: "Diff" });
  await diff.getByText("let ebb = tide - 1;").waitFor();
  await seen(page, "changes");
  await files.getByRole("button", { name: "33 more" }).click();
  await files.getByRole("button", { name: /src\/part30\.rs/ }).click();
  await diff.getByText("src/part30.rs").waitFor();
  await seen(page, "diff");
  assert.ok((await diff.locator("> div > div").count()) < 80, "what is out of sight is not drawn");
  await page.getByRole("button", { name: "Download target/report.json" }).waitFor();
});

test("everything of it is there on a small screen", async () => {
  const { page } = ada;
  await page.setViewportSize({ width: 360, height: 740 });
  await seen(page, "changes-phone");
  await page.getByRole("tab", { name: "Output" }).click();
  await output().getByText("this is the end").waitFor();
  await seen(page, "terminal-phone");
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`);
});

test("no page met an error", () => {
  assert.deepEqual(ada.faults, []);
});
