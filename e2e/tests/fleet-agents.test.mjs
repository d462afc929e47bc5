/** A coding agent on a machine asks before it writes, and is answered in the browser; what it wrote is a diff. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { seen } from "../support/looks.mjs";
import { obey } from "../support/machine.mjs";
import { firstPerson } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";

let server;
let browser;
let ada;
let machine;
let address;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  ada = await newPerson(browser);
  const api = await firstPerson(server, ada);
  const { id: project } = await api.post("/projects", { name: "The Long Tide", type: "movie" });
  const { key } = await api.post("/runners", { name: "forge" });
  const folder = mkdtempSync(join(tmpdir(), "atelier-work-"));
  const git = (...given) => execFileSync("git", ["-C", folder, ...given]);
  git("init", "--quiet");
  git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "--allow-empty", "-m", "Begun");
  // An agent that is built beside the program for tests, and speaks the protocol as others do.
  const agent = `double='${join(dirname(process.env.ATELIER_BINARY), "runner-double")}' agent writes`;
  const declared = `--project ${project}=${folder} --agent "${agent}"`;
  machine = obey(`ATELIER_RUNNER_KEY=${key} atelier runner --server ${server.base} ${declared}`);
  const order = { engine: { kind: "agent", name: "double", prompt: "Write two files" } };
  const run = await api.post(`/projects/${project}/fleet/runs`, { order });
  address = `${server.base}/projects/${project}/runs/${run.id}`;
});

after(async () => {
  machine?.kill("SIGTERM");
  await browser?.close();
  await server?.stop();
});

test("what an agent wants permission for stands above what it writes, and is answered there once", async () => {
  const { page } = ada;
  await page.goto(address);
  const question = page.getByRole("region", { name: "Question of the agent" });
  await question.getByText("The agent asks: Write written.txt").waitFor();
  await seen(page, "fleet-question");
  await question.getByRole("group", { name: "Answers" }).getByRole("button").first().click();
  await question.waitFor({ state: "detached" });
});

test("what it wrote once it was allowed comes back as a diff", async () => {
  const { page } = ada;
  await page.getByText("Complete", { exact: true }).first().waitFor();
  await page.getByRole("tab", { name: "Changes" }).click();
  await page.getByText("by the client").first().waitFor();
  assert.ok((await page.getByText("written.txt").count()) > 0);
});
