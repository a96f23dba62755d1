/**
 * A loop that never yields: no signal handler can run in it, so only `shouldPause()` can find out.
 * Argument: milliseconds of work between two calls.
 */
import { job } from "../../src/job/index.ts";

const workMs = Number(process.argv[2]);
let step = 0;
while (!job.shouldPause()) {
  step += 1;
  const until = performance.now() + workMs;
  while (performance.now() < until);
}
await job.pause(step, (checkpoint) => checkpoint.json("state.json", { step }));
