/** Checks what the build weighs: first load, each route, all code gzipped, as the server sends it; and fonts, as they are. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const KB = 1024;
const BUDGETS = { first: 150 * KB, route: 100 * KB, all: 500 * KB, fonts: 100 * KB };
const dist = new URL("../dist/", import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));

const weights = new Map();
function weight(file) {
  if (!weights.has(file)) {
    const bytes = readFileSync(join(dist, file));
    weights.set(file, (isFont(file) ? bytes : gzipSync(bytes)).length);
  }
  return weights.get(file);
}

/** A font is compressed by its format, and is no code that a browser has to run. */
function isFont(file) {
  return file.endsWith(".woff2");
}

/** All chunks that must be there before `key` runs. */
function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) closure(next, seen);
  return seen;
}

const script = (keys) => [...keys].reduce((sum, key) => sum + weight(manifest[key].file), 0);
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = closure(entry);
const rows = [["first JS", script(first), BUDGETS.first]];
for (const key of Object.keys(manifest).filter((key) => manifest[key].isDynamicEntry)) {
  const extra = [...closure(key)].filter((chunk) => !first.has(chunk));
  rows.push([key, script(extra), BUDGETS.route]);
}
const files = readdirSync(join(dist, "assets"));
const sum = (names) => names.reduce((total, file) => total + weight(join("assets", file)), 0);
rows.push(["all scripts and styles", sum(files.filter((file) => !isFont(file))), BUDGETS.all]);
rows.push(["all fonts", sum(files.filter(isFont)), BUDGETS.fonts]);

const inline = /<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=/i;
const html = readFileSync(join(dist, "index.html"), "utf8");
let failed = false;
for (const [name, size, budget] of rows) {
  const over = size > budget;
  failed ||= over;
  console.log(`${over ? "OVER" : "  ok"} ${(size / KB).toFixed(1).padStart(7)} of ${budget / KB} KB  ${name}`);
}
if (inline.test(html)) {
  failed = true;
  console.log("OVER index.html has inline script or style, which the Content-Security-Policy forbids");
}
process.exit(failed ? 1 : 0);
