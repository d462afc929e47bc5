/** Starts the real program on a fresh data folder and a free port, ends it, and starts it again on the same data. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Longest time that the program may take until it serves, in milliseconds; machines that build meanwhile are slow. */
const PATIENCE = 30_000;
const ANYWHERE = "127.0.0.1:0";

/** Starts the program; `setupLink` is the one-time link that it printed. `env` is set beside this process's own. */
export async function startServer(env = {}) {
  const data = await mkdtemp(join(tmpdir(), "atelier-e2e-"));
  let running = null;
  /** Ends the process; `SIGKILL` is a power cut. */
  const halt = async (signal = "SIGTERM") => {
    if (running === null || running.child.exitCode !== null || running.child.signalCode !== null) return;
    running.child.kill(signal);
    await once(running.child, "exit");
  };
  const stop = async () => {
    await halt();
    await rm(data, { recursive: true, force: true });
  };
  try {
    running = await run(data, ANYWHERE, env);
  } catch (error) {
    await stop();
    throw error;
  }
  const base = running.address.origin;
  return {
    base,
    setupLink: running.address.href,
    halt,
    /** Starts it again on its data, where it was; `elsewhere` on a port that nobody knows, and tells the address. */
    again: async ({ elsewhere = false } = {}) => {
      running = await run(data, elsewhere ? ANYWHERE : new URL(base).host, env);
      return running.address.origin;
    },
    stop,
  };
}

async function run(data, listen, env) {
  const binary = process.env.ATELIER_BINARY;
  if (!binary || !existsSync(binary)) throw new Error("ATELIER_BINARY must be the path of the server's program");
  const child = spawn(binary, ["--data", data, "--listen", listen], {
    stdio: ["ignore", "pipe", "pipe"],
    // A person asks less often than a test does.
    env: { ...process.env, ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE: "1000", ...env },
  });
  let said = "";
  const address = await new Promise((resolve, reject) => {
    const listening = (piece) => {
      said += piece;
      const found = /https?:\/\/\S+/.exec(said);
      if (found && said.endsWith("\n")) resolve(new URL(found[0]));
    };
    child.stdout.setEncoding("utf8").on("data", listening);
    child.stderr.setEncoding("utf8").on("data", (piece) => (said += piece));
    child.once("exit", (code) => reject(new Error(`the program ended with ${code}:\n${said}`)));
    setTimeout(() => reject(new Error(`no address within ${PATIENCE} ms:\n${said}`)), PATIENCE).unref();
  });
  return { child, address };
}
