/** The fleet as a project has it: its runners, what waits for them, and an order that is given to them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { command, startFleet } from "../support/fleet.mjs";
import { seen, seenOnPhone } from "../support/looks.mjs";

/** Says what it was told, where it was told to work, and leaves two files behind. */
const CHECK = `echo "it was told $1"
mkdir -p target && echo '{"ok":true}' > target/a.json && echo '{}' > target/b.json
`;

let fleet;
let page;
let machine;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
});

after(() => fleet?.end());

const form = () => page.getByRole("dialog", { name: "Do something on a machine" });
const words = () => form().getByRole("list", { name: "Program and arguments" }).getByRole("listitem").allInnerTexts();
const toFleet = () => page.goto(`${fleet.server.base}/projects/${fleet.project}/fleet`);

test("a project without a runner says what one is, and where it is made", async () => {
  await page.goto(`${fleet.server.base}/projects/${fleet.project}`);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Fleet" }).click();
  await page.getByText("No runner serves this project yet").waitFor();
  await seen(page, "fleet-empty");
  await page.getByRole("link", { name: "Make a runner" }).click();
  await page.getByRole("heading", { level: 2, name: "Runners" }).waitFor();
});

test("a runner that joins is told of with whose it is", async () => {
  machine = await fleet.machine({ files: { "crates/store/check.sh": CHECK } });
  await toFleet();
  const row = page.getByRole("listitem", { name: "forge" });
  await row.getByText("Present", { exact: true }).waitFor();
  await row.getByText("of Ada Lind").waitFor();
  await row.getByText("0 of 2 at work").waitFor();
  await row.getByText("nothing done in 7 days").waitFor();
  await row.getByRole("list", { name: "What forge can do" }).getByText("commands", { exact: true }).waitFor();
});

test("a line becomes a program and its arguments as they are typed, and no shell reads it", async () => {
  await page.getByRole("button", { name: "Do something" }).click();
  const line = form().getByLabel("Command");
  await line.fill(`git commit -m "a quiet harbour`);
  await form().getByText("is not closed").waitFor();
  assert.ok(await form().getByRole("button", { name: "Do it" }).isDisabled());
  await line.fill(`git commit -m "a quiet harbour" ''`);
  assert.deepEqual(await words(), ["git", "commit", "-m", "a quiet harbour", "empty"]);
  await line.fill("make | tee log");
  await form().getByText("is given to the program as it is").waitFor();
  await seen(page, "fleet-order");
  await line.fill("sh check.sh");
  await form().getByRole("button", { name: "One field for each" }).click();
  await form().getByRole("button", { name: "One more" }).click();
  await form().getByLabel("Argument 2", { exact: true }).fill("two words");
  await form().getByRole("button", { name: "As a line" }).click();
  assert.equal(await line.inputValue(), "sh check.sh 'two words'");
});

test("an order is given as it stands in the form, and opens on its output", async () => {
  await form().getByLabel("What it changes is").selectOption("branch");
  await form().getByLabel("Runner").selectOption("forge");
  await form().getByRole("group", { name: "At most" }).getByLabel("Minutes").fill("5");
  await form().getByLabel("Folder").fill("crates/store");
  await form().getByLabel("Files to bring back").fill("crates/store/target/a.json\n\n crates/store/target/b.json ");
  await form().getByRole("button", { name: "Do it" }).click();
  await page.getByRole("region", { name: "Output", exact: true }).getByText("it was told two words").waitFor();
  await page.getByText("exit code 0").waitFor();
  const { steps } = await fleet.run(page.url().split("/").at(-1));
  assert.deepEqual(steps[0].input, {
    engine: { kind: "command", argv: ["sh", "check.sh", "two words"] },
    folder: "crates/store",
    collect: ["crates/store/target/a.json", "crates/store/target/b.json"],
    deliver: "branch",
    bounds: { minutes: 5, outputMib: 128 },
  });
  assert.equal(steps[0].queue, `one/fleet/${fleet.project}#on/${machine.id}`);
});

test("what is refused is told where it stands, and what was typed stays", async () => {
  await toFleet();
  await page.getByRole("button", { name: "Do something" }).click();
  await form().getByLabel("What", { exact: true }).selectOption("A coding agent");
  await form().getByLabel("Agent", { exact: true }).fill("a b");
  await form().getByLabel("What it is to do").fill("Look at the tide.");
  await form().getByRole("button", { name: "Do it" }).click();
  await form().getByText(/must be 1 to \d+ letters/).waitFor();
  assert.equal(await form().getByLabel("What it is to do").inputValue(), "Look at the tide.");
  await page.keyboard.press("Escape");
});

test("what waits says for what, and what was done leads to its run", async () => {
  const long = await fleet.order(command("sleep", "600"), { title: "Watch the tide" });
  await fleet.reaches(long.id, "running");
  const short = await fleet.order(command("true"), { title: "Count the boats" });
  await page.reload();
  const queue = page.getByRole("region", { name: "Under way and waiting" });
  await queue.getByRole("listitem").filter({ hasText: "Watch the tide" }).getByText("On forge").waitFor();
  await queue.getByText("“Watch the tide” is being done; a project's runners do one thing at a time.").waitFor();
  const row = page.getByRole("listitem", { name: "forge" });
  await row.getByText("1 of 2 at work").waitFor();
  await row.getByText(/1 done and 0 failed in 7 days, .* on average/).waitFor();
  await page.getByRole("region", { name: "Done" }).getByRole("link", { name: /sh check\.sh two words/ }).waitFor();
  await seen(page, "fleet");
  await seenOnPhone(page, "fleet");
  await fleet.api.post(`/projects/${fleet.project}/runs/${long.id}/cancel`);
  await fleet.reaches(long.id, "cancelled");
  await fleet.reaches(short.id, "complete");
});

test("what is ordered while no machine is there says so, and is done once one comes back", async () => {
  await machine.halt();
  await machine.missed();
  const { id } = await fleet.order(command("echo", "ebb"), { title: "Say the tide" });
  await page.reload();
  const queue = page.getByRole("region", { name: "Under way and waiting" });
  await queue.getByText("forge is not there. It waits for a day.").waitFor();
  await queue.getByRole("link", { name: /Say the tide/ }).click();
  await page.getByText("No runner has begun it yet. forge is not there. It waits for a day.").waitFor();
  await page.goBack();
  await machine.again();
  await fleet.reaches(id, "complete");
  await page.getByRole("region", { name: "Done" }).getByRole("link", { name: /Say the tide/ }).waitFor();
});

test("no page met another error than what was refused", () => {
  assert.deepEqual(
    fleet.ada.faults.filter((fault) => !/status of 400/.test(fault)),
    [],
  );
});
