/** A task on a machine that writes what a test says while it is done: a pipe in the file system is its command's input. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Half a megabyte of what a build says, in colours, with a bar that is drawn over and over; so often. */
export function built(times) {
  const lines = Array.from({ length: 6_000 }, (_, at) => {
    const ok = at % 97 === 96 ? "\x1b[1;31mFAILED\x1b[0m" : "\x1b[32mok\x1b[0m";
    return `test store::contract::rule_${at}_holds_for_both_backends_${"x".repeat(at % 60)} ... ${ok}\n`;
  });
  const bar = Array.from({ length: 50 }, (_, at) => `\r\x1b[K\x1b[36mCompiling\x1b[0m ${2 * (at + 1)} %`).join("");
  return Buffer.from(Array.from({ length: times }, () => `${lines.join("")}${bar}\n`).join(""));
}

/** A pipe at `path`: who reads it gets what is written here, and its end once that is said. */
export async function startPipe() {
  const folder = mkdtempSync(join(tmpdir(), "atelier-pipe-"));
  const path = join(folder, "words");
  execFileSync("mkfifo", [path]);
  // Open for both, it waits for no reader, and keeps none waiting for a writer.
  const pipe = await open(path, "r+");
  const end = async () => {
    await pipe.close().catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  };
  return { path, write: (words) => pipe.writeFile(words), end };
}
