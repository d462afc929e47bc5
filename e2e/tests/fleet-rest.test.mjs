/** A runner on which too much failed rests, says so, and works again when somebody who knows better says it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPerson } from "../support/browser.mjs";
import { agent, command, startFleet } from "../support/fleet.mjs";
import { seen, seenOnPhone } from "../support/looks.mjs";
import { joins } from "../support/person.mjs";

/** How often work has to fail until a runner rests: `resilience::breaker::RUNNERS`. */
const FAILURES = 10;

let fleet;
let page;
let waits;

before(async () => {
  fleet = await startFleet();
  ({ page } = fleet.ada);
  await fleet.machine({ agent: "refuses" });
  for (let at = 0; at < FAILURES; at += 1) {
    const { id } = await fleet.order(agent("double", "Do it"), { title: "Draw the harbour" });
    await fleet.reaches(id, "failed");
  }
  waits = await fleet.order(command("true"), { title: "Count the boats" });
});

after(() => fleet?.end());

const address = () => `${fleet.server.base}/projects/${fleet.project}/fleet`;
const forge = (page) => page.getByRole("listitem", { name: "forge", exact: true });

test("a runner that rests says so, why and until when, and so does what waits for it", async () => {
  await page.goto(address());
  await forge(page).getByText(/^Rests until \d/).waitFor();
  await forge(page).getByText("since much failed there").waitFor();
  const queue = page.getByRole("region", { name: "Under way and waiting" });
  await queue.getByRole("listitem").filter({ hasText: "Count the boats" }).getByText(/given nothing for a while, since much failed there/).waitFor();
  await seen(page, "fleet-rests");
  await seenOnPhone(page, "fleet-rests");
});

test("an editor whose runner it is not sees that it rests, and has no button for it", async () => {
  const ben = await newPerson(fleet.browser);
  const about = { project: fleet.project, name: "Ben Holm", email: "ben@example.org", role: "editor" };
  await joins(fleet.server, ben, fleet.api, about);
  await ben.page.goto(address());
  await forge(ben.page).getByText(/^Rests until \d/).waitFor();
  assert.equal(await forge(ben.page).getByRole("button", { name: "Give it work again" }).count(), 0);
  assert.deepEqual(ben.faults, []);
});

test("its owner lets it work again, and what waited for it is done", async () => {
  const button = forge(page).getByRole("button", { name: "Give it work again" });
  await button.focus();
  await page.keyboard.press("Enter");
  await page.getByText("forge is given work again").waitFor();
  await fleet.reaches(waits.id, "complete");
  await forge(page).getByText(/^Rests/).waitFor({ state: "detached" });
  await page.getByRole("region", { name: "Done" }).getByRole("link", { name: /Count the boats/ }).waitFor();
});

test("no page met an error", () => {
  assert.deepEqual(fleet.ada.faults, []);
});
