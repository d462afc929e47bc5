/** Slack in the settings: its secrets are sealed in the browser and open on the server, and a code makes a person known there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson, startBrowser } from "../support/browser.mjs";
import { seen, seenOnPhone } from "../support/looks.mjs";
import { firstPerson, joins } from "../support/person.mjs";
import { startServer } from "../support/server.mjs";
import { SIGNING_SECRET, startSlack, tell } from "../support/slack.mjs";
import { until } from "../support/until.mjs";

const TOKEN = "xoxb-a-token-of-a-bot";
const SOCKET_TOKEN = "xapp-a-token-for-sockets";

let slack;
let server;
let browser;
let ada;
let api;

before(async () => {
  slack = await startSlack({ socketToken: SOCKET_TOKEN });
  server = await startServer({ ATELIER_SLACK_API: slack.api });
  browser = await startBrowser();
  ada = await newPerson(browser);
  api = await firstPerson(server, ada);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await slack?.stop();
});

/** Has U1 say a command in Slack, and waits until Slack is told this of it. */
let times = 0;
async function says(text, answer) {
  const who = { team_id: "T1", channel_id: "C1", user_id: "U1", trigger_id: `1.${++times}` };
  const command = { command: "/atelier", text, ...who, response_url: slack.hook };
  assert.equal((await tell(server.base, new URLSearchParams(command))).status, 200);
  await until(`Slack is told: ${answer}`, async () => slack.told.some((body) => body.includes(answer)));
}

test("an administrator gives Slack's secrets, which leave the browser sealed and are never shown again", async () => {
  const { page } = ada;
  const sent = [];
  page.on("request", (request) => sent.push(request.postData() ?? ""));
  await page.goto(`${server.base}/settings/account`);
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Slack" }).click();
  await page.getByText(`${server.base}/api/v1/slack`).waitFor();
  assert.equal(await page.getByText("Not set").count(), 3);
  await page.getByLabel("Signing secret").fill(SIGNING_SECRET);
  await page.getByLabel("Bot token").fill(TOKEN);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Kept", { exact: true }).nth(1).waitFor();
  assert.equal(await page.getByLabel("Signing secret").inputValue(), "");
  await seen(page, "slack-app");
  assert.ok(!sent.some((body) => body.includes(SIGNING_SECRET) || body.includes(TOKEN)), "a secret left the browser as it is");
});

test("a token for sockets is sealed as well, and it is told whether the socket that it is for is open", async () => {
  const { page } = ada;
  const sent = [];
  page.on("request", (request) => sent.push(request.postData() ?? ""));
  await page.getByLabel("App-level token").fill("xapp-of-another-app");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Socket not open").waitFor();
  await page.getByLabel("App-level token").fill(SOCKET_TOKEN);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Socket open").waitFor();
  await seen(page, "slack-socket");
  await seenOnPhone(page, "slack-socket");
  await page.getByRole("button", { name: "Take the app-level token away" }).click();
  await page.getByText("Socket open").waitFor({ state: "detached" });
  assert.equal(await page.getByText("Not set").count(), 1);
  const kept = await api.get("/settings/slack");
  assert.deepEqual([kept.hasAppToken, kept.hasBotToken], [false, true]);
  assert.ok(!sent.some((body) => body.includes("xapp-")), "a token left the browser as it is");
});

test("Slack verifies the address with that secret, and nobody does with another", async () => {
  const challenge = { type: "url_verification", challenge: "three quiet harbours" };
  const answer = await tell(server.base, challenge);
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), challenge.challenge);
  assert.equal((await tell(server.base, challenge, "another secret")).status, 401);
});

test("a code that is taken in the settings makes whoever says it known in Slack", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: "Take a code" }).click();
  const words = await page.getByLabel("Say this in Slack").inputValue();
  assert.match(words, /^\/atelier link \S+$/);
  await seen(page, "slack-code");
  await says(words.replace("/atelier ", ""), "You are known in Atelier now");
});

test("who would be known there no more is not", async () => {
  const { page } = ada;
  await page.getByRole("button", { name: "Be known there no more" }).click();
  await page.getByText("Nobody in Slack is known as you now").waitFor();
  await says("status", "Atelier does not know you yet");
});

test("who does not administer the server has a code, and no secrets to give; and all of it is there on a phone", async () => {
  const { id: project } = await api.post("/projects", { name: "The Long Tide", type: "movie" });
  const ben = await newPerson(browser, { viewport: { width: 390, height: 844 } });
  await joins(server, ben, api, { project, name: "Ben Holm", email: "ben@example.org", role: "viewer" });
  await ben.page.goto(`${server.base}/settings/slack`);
  await ben.page.getByRole("button", { name: "Take a code" }).click();
  await ben.page.getByLabel("Say this in Slack").waitFor();
  assert.equal(await ben.page.getByText("Slack app").count(), 0);
  await seen(ben.page, "slack-phone");
  const wider = await ben.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`);
  assert.deepEqual(ben.faults, []);
});

test("no page met an error", () => {
  assert.deepEqual(ada.faults, []);
});
