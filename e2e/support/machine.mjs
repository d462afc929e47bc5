/** Machines that join the fleet: by the command that a page shows, and by the demonstration. */
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Does on this machine what the page says, with the program that is tested; a shell reads it as it stands. */
export function obey(command) {
  const program = `'${process.env.ATELIER_BINARY}'`;
  const line = command.replace(/^(ATELIER_RUNNER_KEY=\S+) atelier /, `export $1; exec ${program} `);
  const state = mkdtempSync(join(tmpdir(), "atelier-machine-"));
  return spawn("sh", ["-c", line], { stdio: "ignore", env: { ...process.env, XDG_STATE_HOME: state } });
}

/** Starts the demonstration in an empty folder; `link` is what it says to open. */
export async function startDemo(server) {
  const folder = mkdtempSync(join(tmpdir(), "atelier-demo-"));
  const child = spawn(process.env.ATELIER_BINARY, ["runner", "--demo", "--server", server.base], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let link;
  for await (const line of createInterface({ input: child.stdout })) {
    link = /https?:\/\/\S+/.exec(line)?.[0];
    if (link) break;
  }
  child.stdout.resume();
  return {
    link,
    folder,
    stop: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
