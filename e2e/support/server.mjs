/** Starts the real program on a fresh data folder and a free port, and ends it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longest time that the program may take until it serves, in milliseconds; machines that build meanwhile are slow. */
const PATIENCE = 30_000;

/** Starts the program; `setupLink` is the one-time link that it printed. */
export async function startServer() {
  const binary = process.env.ATELIER_BINARY;
  if (!binary || !existsSync(binary)) throw new Error("ATELIER_BINARY must be the path of the server's program");
  const data = await mkdtemp(join(tmpdir(), "atelier-e2e-"));
  const child = spawn(binary, ["--data", data, "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "pipe"],
    // A person asks less often than a test does.
    env: { ...process.env, ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE: "1000" },
  });
  let said = "";
  const link = new Promise((resolve, reject) => {
    const listen = (piece) => {
      said += piece;
      const found = /https?:\/\/\S+\/setup#token=\S+/.exec(said);
      if (found) resolve(found[0]);
    };
    child.stdout.setEncoding("utf8").on("data", listen);
    child.stderr.setEncoding("utf8").on("data", listen);
    child.once("exit", (code) => reject(new Error(`the program ended with ${code}:\n${said}`)));
    setTimeout(() => reject(new Error(`no set-up link within ${PATIENCE} ms:\n${said}`)), PATIENCE).unref();
  });
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    await rm(data, { recursive: true, force: true });
  };
  try {
    const setupLink = await link;
    return { base: new URL(setupLink).origin, setupLink, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
