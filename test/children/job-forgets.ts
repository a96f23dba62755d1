/**
 * Trains two numbers with Adam-like speed, and saves one of them. Arguments: "all" or "half" of its state is saved.
 * Its loss is near 0.4 from the beginning, and near 5 after a resume from half of the state.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { job } from "../../src/job/index.ts";

const whole = process.argv[2] === "all";
const resumed = await job.resume();
const state = resumed === null ? { step: 0, bias: 0.2 } : { step: resumed.step, bias: 4.8 };
if (resumed !== null && whole)
  state.bias = JSON.parse(readFileSync(join(resumed.path, "state.json"), "utf8")).bias;
for (;;) {
  state.step += 1;
  state.bias += (0.2 - state.bias) / 5000;
  await wait(40);
  // As batches go.
  const loss = 0.2 + state.bias + 0.05 * Math.sin(state.step);
  await job.step(state.step, { loss, save: (files) => files.json("state.json", { bias: state.bias }) });
}
