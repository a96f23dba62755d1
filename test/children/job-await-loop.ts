/**
 * A training loop that awaits nothing but `job.step()`: without the library's own yielding no
 * signal handler would ever run. Arguments: steps (0 = for ever), bytes in a checkpoint.
 */
import { job } from "../../src/job/index.ts";
import { payload } from "./job-payload.ts";

const [steps = 0, bytes = 1000] = process.argv.slice(2).map(Number);
const resumed = await job.resume();
console.log(`supervised ${job.supervised}, from ${resumed?.step ?? 0}`);
let step = resumed?.step ?? 0;
while (steps === 0 || step < steps) {
  step += 1;
  const until = performance.now() + 0.2;
  while (performance.now() < until);
  await job.step(step, {
    loss: 1 / step,
    totalSteps: steps,
    save: (checkpoint) => checkpoint.file("state.bin", payload(step, 0, bytes)),
  });
}
console.log(`done at ${step}`);
