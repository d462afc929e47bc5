/** A browser on a fresh profile that notes every error of the pages, and looks at pages for accessibility. */
import { readFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export async function startBrowser() {
  const executablePath = process.env.ATELIER_CHROMIUM ?? CANDIDATES.find(existsSync);
  if (!executablePath) throw new Error("no Chromium: install it, or name it in ATELIER_CHROMIUM");
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A person at a browser of their own. `faults` are the errors that their pages met. */
export async function newPerson(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    // Who is not signed in yet is told so by a 401, which the browser logs by itself.
    if (message.type() === "error" && !/status of 401/.test(message.text())) faults.push(message.text());
  });
  return { context, page, faults };
}

/** What axe finds on the page as it is, one line for each rule. */
export async function accessibility(page) {
  const source = await readFile(AXE, "utf8");
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(source);
  // A colour on its way from one to another has a contrast that nobody sees.
  await page.evaluate(async () => {
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    const ending = document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map((one) => one.finished));
  });
  const { violations } = await page.evaluate(
    (rules) => globalThis.axe.run(document, { runOnly: rules }),
    RULES,
  );
  const told = ({ html, any }) => `${html.slice(0, 160)} (${any[0]?.message ?? "see the rule"})`;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(told).join(" | ")}`);
}
