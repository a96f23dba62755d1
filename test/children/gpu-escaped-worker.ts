/**
 * A job that keeps the contract, with a worker that nobody can know as its own: another session,
 * another parent, a cleared environment. The worker ends with the job.
 */
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { job } from "gpu-job-supervisor/job";

// At no fixed moment of the supervisor's ticks: one that falls into the worker's first milliseconds knows whose it is.
await sleep(500 * Math.random());
const script = "env -i WORKER=1 setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!";
const worker = Number(spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" }).stdout);
process.on("exit", () => process.kill(worker, "SIGKILL"));
console.log(`worker ${worker}`);

const resumed = await job.resume();
for (let step = (resumed?.step ?? 0) + 1; ; step++) {
  await sleep(20);
  await job.step(step, { save: (checkpoint) => checkpoint.file("weights", String(step)) });
}
