/**
 * Does nothing but save, several files of different sizes at every step, until it is killed. What it
 * resumes from is compared byte by byte first.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { job } from "../../src/job/index.ts";
import { payload } from "./job-payload.ts";

const resumed = await job.resume();
let step = resumed?.step ?? 0;
for (const part of resumed ? [0, 1, 2] : []) {
  const path = join(String(resumed?.path), `part-${part}.bin`);
  if (!readFileSync(path).equals(payload(step, part, statSync(path).size)))
    throw new Error(`${path} is wrong`);
}
console.log(`from ${step}`);
for (;;) {
  step += 1;
  await job.save(step, async (checkpoint) => {
    for (const part of [0, 1, 2])
      await checkpoint.file(`part-${part}.bin`, payload(step, part, 50_000 * (part + 1)));
  });
}
