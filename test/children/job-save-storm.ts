/** Does nothing but save, several files of different sizes at every step, until it is killed. */
import { job } from "../../src/job/index.ts";
import { payload } from "./job-payload.ts";

let step = (await job.resume())?.step ?? 0;
for (;;) {
  step += 1;
  await job.save(step, async (checkpoint) => {
    for (const part of [0, 1, 2])
      await checkpoint.file(`part-${part}.bin`, payload(step, part, 50_000 * (part + 1)));
  });
}
