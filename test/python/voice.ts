/** The PyTorch voice job as tests start it, pause it at chosen moments and compare its weights. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { rankFile } from "../../src/contract/names.ts";
import type { StatusFile } from "../../src/contract/status.ts";
import { catches } from "../../src/sense/proc/process.ts";
import { type Launched, launch, type Program } from "../job/launch.ts";
import { pythonPath } from "../python-path.ts";
import { until } from "../until.ts";

export const MAIN = resolve("jobs/voice-train-torch/main.py");
/** The whole batch, over all ranks; ten steps are an epoch. */
const BATCH = 48;
export const STEPS_PER_EPOCH = 10;

export interface Shape {
  ranks: number;
  workers: number;
  steps: number;
}

export function argumentsOf({ ranks, workers, steps }: Shape, evalEvery = 1000): string[] {
  const numbers = { steps, workers, nproc: ranks, "batch-size": BATCH / ranks, "eval-every": evalEvery };
  return ["--quiet", ...Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)])];
}

export const voice: Program = [pythonPath, MAIN];

/** Lets one rank ring for itself, by a real signal, as it enters this step. */
const ringingAt = (step: number, rank: string): NodeJS.ProcessEnv => ({
  PYTHONPATH: resolve("test/children/python-ring-at"),
  RING_AT_STEP: String(step),
  RING_AT_RANK: rank,
});

export const hashIn = (output: string): string | undefined =>
  /weights sha256 ([0-9a-f]{64})/.exec(output)?.[1];

export function reportOf(run: Launched, rank: number): StatusFile | null {
  try {
    return JSON.parse(readFileSync(join(run.statusDir, rankFile(rank)), "utf8")) as StatusFile;
  } catch {
    return null;
  }
}

/** As the supervisor does: the word first, then one rank's own process, once it is seen to listen. */
export async function ask(run: Launched, rank: number): Promise<void> {
  run.write(JSON.stringify({ sequence: 1, want: "pause" }));
  let over = false;
  void run.ended.then(() => (over = true));
  const pid = await until(`rank ${rank} to listen`, () => over || reportOf(run, rank)?.pid);
  if (typeof pid === "number" && catches(pid, "SIGUSR2")) process.kill(pid, "SIGUSR2");
}

/** When a pause is asked for. */
export const MOMENTS = [
  "before the start",
  "import of torch",
  "first step",
  "epoch's end",
  "during a save",
  "in evaluation",
  "anywhere",
] as const;
const STATES: Partial<Record<Moment, RegExp>> = { "import of torch": /./, "during a save": /saving/ };
export type Moment = (typeof MOMENTS)[number];

/** Starts one run and asks it to pause at this moment. */
export async function pauseAt(moment: Moment, shape: Shape, from: number, where: Where): Promise<Launched> {
  const { job, random } = where;
  const rank = Math.floor(random() * shape.ranks);
  if (moment === "epoch's end") {
    // Ranks hear of it a step later than the one that was rung.
    const lead = shape.ranks === 1 ? 0 : 1;
    const end = Math.ceil((from + 1 + lead) / STEPS_PER_EPOCH) * STEPS_PER_EPOCH;
    const env = ringingAt(end - lead, shape.ranks === 1 ? "" : String(rank));
    return launch(voice, argumentsOf(shape), job, env);
  }
  const often = moment === "during a save" ? { SUPERVISOR_CHECKPOINT_MINUTES: "0.0001" } : {};
  const run = launch(voice, argumentsOf(shape, moment === "in evaluation" ? 1 : 1000), job, often);
  if (moment !== "before the start") {
    const reached = STATES[moment] ?? /running|saving/;
    await run.until(moment, ({ state }) => reached.test(state));
    const end = performance.now() + (moment in STATES || moment === "first step" ? 0 : random() * 250);
    await until("the moment", () => performance.now() >= end);
  }
  await ask(run, rank);
  return run;
}

export interface Where {
  job: string;
  random: () => number;
}
