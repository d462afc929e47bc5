/** A run on a runner as the server would tell it: no test has a machine that writes ten megabytes at its word. */

const AT_ONCE = 1 << 20;

/** Half a megabyte of what a build says, in colours, with a bar that is drawn over and over; so often. */
export function built(times) {
  const lines = Array.from({ length: 6_000 }, (_, at) => {
    const ok = at % 97 === 96 ? "\x1b[1;31mFAILED\x1b[0m" : "\x1b[32mok\x1b[0m";
    return `test store::contract::rule_${at}_holds_for_both_backends_${"x".repeat(at % 60)} ... ${ok}\n`;
  });
  const bar = Array.from({ length: 50 }, (_, at) => `\r\x1b[K\x1b[36mCompiling\x1b[0m ${2 * (at + 1)} %`).join("");
  return Buffer.from(Array.from({ length: times }, () => `${lines.join("")}${bar}\n`).join(""));
}

/** Puts such a run in the place of one that is not there; what is changed of `remote` is told when it is next asked for. */
export async function onRunner(page, project, remote) {
  const [id, step] = ["run_remote", "stp_remote"];
  const at = new Date(Date.now() - 90_000).toISOString();
  const limits = { attempts: 1, backoffMs: 0, graceMs: 0, leaseMs: 0, lifeMs: 0, quietMs: 0, runMs: 0 };
  const detail = () => ({
    seq: 1,
    run: {
      ...{ id, projectId: project, kind: "fleet.command", title: "cargo test -p store", state: remote.state, paused: null },
      ...{ total: 1, complete: remote.state === "complete" ? 1 : 0, failed: remote.state === "failed" ? 1 : 0, cancelled: 0 },
      ...{ logEnd: 0, createdAt: at, startedAt: at, endedAt: ["queued", "running"].includes(remote.state) ? null : new Date().toISOString() },
    },
    steps: [
      {
        ...{ id: step, name: "do", queue: `one/fleet/${project}#command`, after: [], priority: "medium", limits, state: remote.state },
        ...{ reason: remote.state === "queued" ? { kind: "ready" } : null, attempt: 1, worker: "forge", leasedAt: at, endedAt: null, answer: null },
        ...{ input: { engine: { kind: "command", argv: ["cargo", "test", "-p", "store"] }, deliver: "diff" }, output: null, outputLength: 0 },
      },
    ],
    attempts: [],
    usage: [],
  });
  const told = ({ streams, ...rest }) => ({
    ...{ runId: id, stepId: step, runnerId: "rnr_forge", runnerName: "forge", beganAt: at, endedAt: null, outcome: null },
    ...rest,
    streams: Object.entries(streams).map(([name, bytes]) => ({ name, length: bytes.length })),
  });
  const base = `**/api/v1/projects/${project}/runs/${id}`;
  await page.route(base, (route) => route.fulfill({ json: detail() }));
  await page.route(`${base}/executions`, (route) => route.fulfill({ json: remote.executions.map(told) }));
  await page.route(`${base}/asks`, (route) => route.fulfill({ json: [] }));
  await page.route(`${base}/steps/${step}/executions/*/streams/*`, (route) => {
    const url = new URL(route.request().url());
    const [fence, , name] = url.pathname.split("/").slice(-3);
    const bytes = remote.executions.find((one) => one.fence === Number(fence)).streams[decodeURIComponent(name)];
    const from = Number(url.searchParams.get("from"));
    const body = bytes.subarray(from, from + Math.min(AT_ONCE, Number(url.searchParams.get("limit"))));
    return route.fulfill({ body, contentType: "application/octet-stream", headers: { "atelier-length": String(bytes.length) } });
  });
  await page.route(`${base}/**/log*`, (route) => route.fulfill({ json: { entries: [], next: 0, end: 0 } }));
  return `/projects/${project}/runs/${id}`;
}
