/** Machines that join the fleet: by the command that a page shows, by a test's word, and by the demonstration. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { until } from "./until.mjs";

/** Does on this machine what the page says, with the program that is tested; a shell reads it as it stands. */
export function obey(command) {
  const program = `'${process.env.ATELIER_BINARY}'`;
  const line = command.replace(/^(ATELIER_RUNNER_KEY=\S+) atelier /, `export $1; exec ${program} `);
  const state = mkdtempSync(join(tmpdir(), "atelier-machine-"));
  return spawn("sh", ["-c", line], { stdio: "ignore", env: { ...process.env, XDG_STATE_HOME: state } });
}

/**
 * A machine of whoever `api` speaks for, which serves a project in a folder that git keeps; it is present when this gives it.
 * `files` are in the folder by their paths; `agent` is what the coding agent `double` does, if it has one; `agents` are others,
 * each a name and a command; `tools` is whether it has the server of tools `double`.
 */
export async function startMachine({ base }, api, project, about = {}) {
  const { name = "forge", files = {}, agent = null, agents = {}, tools = false } = about;
  const { id, key } = await api.post("/runners", { name });
  const [folder, state] = ["work", "state"].map((what) => mkdtempSync(join(tmpdir(), `atelier-${what}-`)));
  keep(folder, files);
  // What is built beside the program for tests, and speaks the protocols as others do.
  const double = `double='${join(dirname(process.env.ATELIER_BINARY), "runner-double")}'`;
  const given = ["--server", base, "--commands", "--project", `${project}=${folder}`, "--state", state];
  if (agent) given.push("--agent", `${double} agent ${agent}`);
  for (const [called, argv] of Object.entries(agents)) given.push("--agent", `${called}=${argv}`);
  if (tools) given.push("--tools", `${double} tools`);
  const isPresent = async () => (await api.get(`/projects/${project}/runners`)).some((one) => one.id === id && one.present);
  let child = null;
  const start = () => {
    child = spawn(process.env.ATELIER_BINARY, ["runner", ...given], {
      stdio: "ignore",
      env: { ...process.env, ATELIER_RUNNER_KEY: key },
    });
    return until(`${name} is present`, isPresent);
  };
  /** Ends its program; `SIGKILL` is a power cut. */
  const halt = async (signal = "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  };
  await start();
  return {
    id,
    folder,
    halt,
    again: start,
    /** Waits until the server has noted that it is not there. */
    missed: () => until(`${name} is absent`, async () => !(await isPresent())),
    stop: async () => {
      await halt();
      await Promise.all([folder, state].map((path) => rm(path, { recursive: true, force: true })));
    },
  };
}

/** Begins a repository with these files. */
function keep(folder, files) {
  const git = (...given) => execFileSync("git", ["-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...given]);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--allow-empty", "-m", "Begun");
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
