// graphile-worker on the Postgres database at the address that is given.
import pg from "pg";
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { measure } from "./measure.mjs";

const plan = JSON.parse(process.argv[2]);
const pgPool = new pg.Pool({ connectionString: plan.url, max: plan.slots + 10 });
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ pgPool, logger });
await utils.migrate();

await measure(plan, {
  put: (n) => utils.addJob("task", n),
  work: async (begin) => {
    const taskList = { task: async (n) => begin(n) };
    // Its own advice for throughput is a local queue of that size; see its documentation on performance.
    const tuned = { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
    const preset = plan.tuned ? tuned : {};
    const runner = await run({ pgPool, logger, concurrency: plan.slots, taskList, noHandleSignals: true, preset });
    return () => runner.stop();
  },
  drained: async () => {
    for (;;) {
      const { rows } = await pgPool.query("SELECT count(*)::int AS left FROM graphile_worker.jobs");
      if (rows[0].left === 0) return;
    }
  },
});
process.exit(0);
