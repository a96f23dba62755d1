/** A job that uses part of a core, and writes the wall time at which the pause signal reached it. */
import { job } from "gpu-job-supervisor/job";

process.on("SIGUSR2", () => console.log(`signal ${Date.now()}`));
const resumed = await job.resume();
for (let step = (resumed?.step ?? 0) + 1; ; step++) {
  // A job that uses no CPU would not be asked to make room on it.
  for (const until = performance.now() + 3; performance.now() < until; );
  await new Promise((wake) => setTimeout(wake, 5));
  await job.step(step, { save: (checkpoint) => checkpoint.file("nothing", "") });
}
