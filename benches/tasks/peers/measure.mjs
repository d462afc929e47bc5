// What is measured of a peer, the same for all: so many tasks put in by so many callers, then done by so many slots, then
// single tasks put into an idle system at fixed times, whatever came of the one before.

/** Runs `callers` loops that call `each` until it was called `count` times; gives calls a second. */
async function rate(count, callers, each) {
  let next = 0;
  const begun = process.hrtime.bigint();
  const loop = async () => {
    while (next < count) await each(next++);
  };
  await Promise.all(Array.from({ length: callers }, loop));
  return count / (Number(process.hrtime.bigint() - begun) / 1e9);
}

/**
 * @param plan `{tasks, callers, slots, singles, apart}`, from the command line.
 * @param peer `put(n)` puts in task n; `work(done)` starts `slots` workers, which call `done(n)` as they begin task n, and
 *   gives what ends them; `drained()` waits until everything that was begun is known to be done.
 */
export async function measure(plan, peer) {
  const enqueue = await rate(plan.tasks, plan.callers, peer.put);
  let left = plan.tasks;
  const begun = process.hrtime.bigint();
  const latencies = [];
  const due = new Map();
  let all, single;
  const done = new Promise((resolve) => (all = resolve));
  const singles = new Promise((resolve) => (single = resolve));
  const end = await peer.work((n) => {
    if (n < plan.tasks) {
      if (--left === 0) all();
      return;
    }
    latencies.push(Number(process.hrtime.bigint() - due.get(n)) / 1e6);
    if (latencies.length === plan.singles) single();
  });
  await done;
  await peer.drained();
  const run = plan.tasks / (Number(process.hrtime.bigint() - begun) / 1e9);
  const start = process.hrtime.bigint() + BigInt(plan.apart) * 1_000_000n;
  for (let place = 0; place < plan.singles; place++) {
    const at = start + BigInt(place * plan.apart) * 1_000_000n;
    const wait = Number(at - process.hrtime.bigint()) / 1e6;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const n = plan.tasks + place;
    // From here the task is wanted; a timer that rings late is not the peer's doing.
    due.set(n, process.hrtime.bigint());
    peer.put(n);
  }
  if (plan.singles > 0) await singles;
  await end();
  console.log(JSON.stringify({ enqueue, run, latencies }));
}
