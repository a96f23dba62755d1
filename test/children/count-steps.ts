/**
 * A job that keeps the contract: counts to `--total`, a step every `--ms` ms, and writes the steps it
 * made to stdout. Its "weights" are a running hash, so that a lost or doubled step shows at the end. Holds
 * `--mib` of memory, and saves `--save-mib` more than it needs. Appends "begins" and "ends" to the file `--marks`.
 */
import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { job } from "gpu-job-supervisor/job";

const { values } = parseArgs({
  options: {
    total: { type: "string" },
    ms: { type: "string" },
    mib: { type: "string" },
    "save-mib": { type: "string" },
    marks: { type: "string" },
  },
});
const total = Number(values.total ?? 1_000_000);
const ms = Number(values.ms ?? 20);
const ballast = Buffer.alloc(Number(values["save-mib"] ?? 0) * 2 ** 20, 1);
const held = Buffer.alloc(Number(values.mib ?? 0) * 2 ** 20, 1);

const mark = (word: string): void => {
  if (values.marks) appendFileSync(values.marks, `${word}\n`);
};
mark("begins");
process.on("exit", () => mark("ends"));

const resumed = await job.resume();
let weights = resumed ? readFileSync(join(resumed.path, "weights"), "utf8") : "none";
console.log(`begins at ${resumed?.step ?? 0}`);
for (let step = (resumed?.step ?? 0) + 1; step <= total; step++) {
  weights = createHash("sha256").update(`${weights} ${step}`).digest("hex");
  await sleep(ms);
  await job.step(step, {
    loss: 1 / step,
    totalSteps: total,
    save: async (checkpoint) => {
      await checkpoint.file("weights", weights);
      if (ballast.length > 0) await checkpoint.file("ballast", ballast);
    },
  });
}
console.log(`weights ${weights}`);
if (held.length > 0) console.log(`held ${held.length} bytes`);
