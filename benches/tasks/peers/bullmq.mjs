// BullMQ on the Redis at the address that is given.
import { Queue, Worker } from "bullmq";
import { measure } from "./measure.mjs";

const plan = JSON.parse(process.argv[2]);
const connection = { host: "127.0.0.1", port: Number(new URL(plan.url).port), maxRetriesPerRequest: null };
const queue = new Queue("bench", { connection });
const options = { removeOnComplete: true };

await measure(plan, {
  put: (n) => queue.add("task", n, options),
  work: async (begin) => {
    const worker = new Worker("bench", async (job) => begin(job.data), { connection, concurrency: plan.slots });
    await worker.waitUntilReady();
    return async () => {
      await worker.close();
      await queue.close();
    };
  },
  drained: async () => {
    for (;;) {
      const counts = await queue.getJobCounts("active", "waiting");
      if (counts.active + counts.waiting === 0) return;
    }
  },
});
process.exit(0);
