/**
 * The job that the torture program torments. Its "weights" are a running hash; every step is appended
 * to a ledger outside of everything that is tormented, so that a step lost, redone differently or made
 * by two processes at once shows there. Ends at the step at which it finds the file `--finish`.
 */
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { job } from "gpu-job-supervisor/job";

const { values } = parseArgs({ options: { ledger: { type: "string" }, finish: { type: "string" } } });
const { ledger = "", finish = "" } = values;
const note = (line: string): void => appendFileSync(ledger, `${process.pid} ${line}\n`);

const resumed = await job.resume();
let weights = resumed ? readFileSync(join(resumed.path, "weights"), "utf8") : "none";
let step = resumed?.step ?? 0;
note(`begins ${step} ${weights.slice(0, 12)} ${process.env.SUPERVISOR_RUN_ID}`);
while (!existsSync(finish)) {
  step++;
  weights = createHash("sha256").update(`${weights} ${step}`).digest("hex");
  note(`step ${step} ${weights.slice(0, 12)}`);
  await sleep(4);
  await job.step(step, { loss: 1 / step, save: (checkpoint) => checkpoint.file("weights", weights) });
}
note(`ends ${step} ${weights}`);
