/** Looks at a screen in both themes: for accessibility always, for a picture when `ATELIER_PICTURES` names a folder. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { accessibility } from "./browser.mjs";

const folder = process.env.ATELIER_PICTURES;

/** Fails when axe finds anything. The theme is set as the interface itself sets a chosen one, and put back. */
export async function seen(page, name) {
  const chosen = await page.locator("html").getAttribute("data-theme");
  await dismissMessages(page);
  const found = [];
  for (const theme of ["light", "dark"]) {
    await wear(page, theme);
    found.push(...(await accessibility(page)).map((line) => `${theme}: ${line}`));
    if (folder) {
      await mkdir(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${name}-${theme}.png`), animations: "disabled" });
    }
  }
  await wear(page, chosen);
  assert.deepEqual(found, [], `axe on ${name}`);
}

/** Looks at a screen as it is on a phone, where nothing of it may be wider than the glass; then it is as wide as before. */
export async function seenOnPhone(page, name) {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  await seen(page, `${name}-phone`);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `the page is ${wider} pixels wider than the screen`);
  await page.setViewportSize(before);
}

/** What one was told on the way to a screen is no part of it. */
function dismissMessages(page) {
  return page.evaluate(() => {
    for (const button of document.querySelectorAll("[aria-label=Messages] [aria-label=Dismiss]")) button.click();
  });
}

function wear(page, theme) {
  return page.evaluate((value) => {
    if (value === null) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
  }, theme);
}
