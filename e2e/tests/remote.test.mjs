/** A task on a runner: what it writes, read as it grows and smooth at ten megabytes, and what it changed. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { command, startFleet } from "../support/fleet.mjs";
import { seen } from "../support/looks.mjs";
import { built, startPipe } from "../support/remote.mjs";
import { until } from "../support/until.mjs";

/** Files of the program that the task changes, besides three of other kinds. */
const PARTS = 40;

/** Writes what comes out of the pipe; once that is over it changes what it may, and fails. */
const TASK = `cat "$1"
printf 'fn main() {\\n    let tide = 2;\\n    let ebb = tide - 1;\\n    println!("{tide}");\\n}\\n' > src/main.rs
rm docs/old.md
printf '\\001\\000\\002' > logo.png
for part in src/part*.rs; do sed -i 's/^old /new /' "$part"; done
mkdir target && echo '{}' > target/report.json
exit 101
`;

const part = (at) => Array.from({ length: 200 }, (_, line) => (line === 100 ? `old ${at}\n` : `same ${line}\n`)).join("");
const files = {
  ".gitignore": "target/\n",
  "task.sh": TASK,
  "src/main.rs": 'fn main() {\n    let tide = 1;\n    println!("{tide}");\n}\n',
  "docs/old.md": "gone\n",
  "logo.png": Buffer.from([1, 0, 1]),
  ...Object.fromEntries(Array.from({ length: PARTS }, (_, at) => [`src/part${at}.rs`, part(at)])),
};

let fleet;
let page;
let machine;
let pipe;
let run;
/** What the second time has written. */
let written = Buffer.alloc(0);

const executions = () => fleet.api.get(`/projects/${fleet.project}/runs/${run}/executions`);
/** How much the newest time has written. */
const stored = async () => (await executions()).at(-1)?.streams.find(({ name }) => name === "output")?.length;

/** Has the task write that, and waits until the server has it. */
async function write(words) {
  written = Buffer.concat([written, words]);
  await pipe.write(words);
  await until(`${written.length} bytes are stored`, async () => (await stored()) === written.length);
}

before(async () => {
  fleet = await startFleet({ acceptDownloads: true });
  ({ page } = fleet.ada);
  pipe = await startPipe();
  machine = await fleet.machine({ files });
  const collect = ["target/report.json", "coverage/index.html"];
  const about = { title: "cargo test -p store", collect, deliver: "branch" };
  ({ id: run } = await fleet.order(command("sh", "task.sh", pipe.path), about));
  await write(Buffer.from("\x1b[1mcargo test -p store\x1b[0m\nthe machine went to sleep\n"));
  await machine.halt("SIGKILL");
  written = Buffer.alloc(0);
  await machine.again();
  await until("the task is begun anew", async () => (await executions()).length === 2);
  await write(built(1));
});

after(async () => {
  await fleet?.end();
  await pipe?.end();
});

const output = () => page.getByRole("region", { name: "Output", exact: true });
const below = () => output().evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
const scrollTo = (top) =>
  output().evaluate(async (box, to) => {
    box.scrollTo({ top: to });
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  }, top);
const end = () => page.getByRole("button", { name: "To the end" });

test("a task on a runner opens on what it writes, at the end, in its colours", async () => {
  await page.goto(fleet.address(run));
  await output().getByText("Compiling 100 %").waitFor();
  assert.ok((await below()) < 20, "the end is seen");
  assert.equal(await page.getByRole("region", { name: "Graph" }).count(), 0, "one step needs no graph");
  await page.getByText("on forge").waitFor();
  await seen(page, "terminal");
});

test("what comes is followed, until the reader scrolls up; then nothing moves", async () => {
  await write(Buffer.from("one more line\n"));
  await output().getByText("one more line").waitFor();
  assert.ok((await below()) < 20);
  await scrollTo(3_000);
  await end().waitFor();
  const before = await output().innerText();
  const { scrollHeight } = await output().evaluate(({ scrollHeight }) => ({ scrollHeight }));
  await write(built(1));
  await page.waitForFunction((height) => document.querySelector("[aria-label=Output]").scrollHeight > height, scrollHeight);
  assert.equal(await output().innerText(), before);
  await end().click();
  await end().waitFor({ state: "detached" });
  assert.ok((await below()) < 20);
});

test("ten megabytes are read to the end, with no more rows in the page than are seen", async () => {
  await write(Buffer.concat([built(18), Buffer.from("this is the end\n")]));
  assert.ok(written.length > 10 << 20);
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
  const wrap = page.getByRole("button", { name: "Wrap long lines" });
  await wrap.click();
  await page.getByRole("button", { name: "Wrap long lines", pressed: false }).waitFor();
  assert.ok(Math.abs((await first()) - before) < 10, "near the same line");
  await wrap.click();
});

test("what is selected is copied as it was written, not as it is wrapped", async () => {
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
  assert.equal(whole.split("\n").length, 20 * 6_001 + 3);
});

test("all of it can be had as a file", async () => {
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download the output" }).click();
  const file = await saved;
  assert.equal(file.suggestedFilename(), "cargo test -p store.txt");
  assert.deepEqual(await readFile(await file.path()), written);
});

test("an earlier time says how it ended, and what it wrote", async () => {
  await page.getByLabel("Which time").selectOption({ label: "1: forge, the runner ended" });
  await output().getByText("the machine went to sleep").waitFor();
  await page.getByText("The runner ended while it ran.").waitFor();
  await page.getByLabel("Which time").selectOption({ index: 0 });
});

test("once it has ended it tells what it changed, file by file", async () => {
  await pipe.end();
  await page.getByText("exit code 101").waitFor();
  await page.getByRole("tab", { name: "Changes" }).click();
  const files = page.getByRole("region", { name: "Files that changed" });
  await files.getByText("43 files").waitFor();
  await files.getByRole("button", { name: /src\/main\.rs/ }).waitFor();
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
  await page.setViewportSize({ width: 390, height: 844 });
  await seen(page, "changes-phone");
  await page.getByRole("tab", { name: "Output" }).click();
  await output().getByText("this is the end").waitFor();
  await seen(page, "terminal-phone");
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`);
});

test("no page met an error", () => {
  assert.deepEqual(fleet.ada.faults, []);
});
