/** What the policy keeps of a job from tick to tick: drops expired wishes, updates its footprint. */

import type { Job } from "../model/job.ts";
import type { Reading, Sample } from "../model/machine.ts";
import { isWorking, runOf } from "../model/state.ts";
import { holds } from "./rules/dwell.ts";
import type { TickInput } from "./tick-input.ts";

/** A footprint follows a rise at once, a fall only when it is large: the peak is what must fit. */
const FALLEN = 0.7;
const RISEN = 1.02;

/** Returns the same job when nothing has changed. */
export function refreshJob(job: Job, input: TickInput): Job {
  return updateGpuFootprint(updateFootprint(expireManual(job, input), input.sample), input);
}

/** A turn that has begun ends with its run, whatever ended that; a shortage ends once the job works again. */
function updateGpuFootprint(job: Job, { sample }: TickInput): Job {
  const run = runOf(job);
  const held = run === null ? 0 : gpuMemory(run.id, sample);
  const over = job.turn?.untilMs !== undefined && run === null;
  const works = job.gpuShortage !== undefined && run?.firstStepAt !== undefined;
  const gpuMemoryMiB = footprint(job, held);
  const same = gpuMemoryMiB === job.learned.gpuMemoryMiB;
  if (!over && !works && same) return job;
  const next = { ...job };
  if (gpuMemoryMiB !== undefined && !same) next.learned = { ...job.learned, gpuMemoryMiB };
  if (over) delete next.turn;
  if (works) delete next.gpuShortage;
  return next;
}

/** Follows a fall only while it works: before, memory is still being filled, and after, it is given back. */
function footprint({ learned, state }: Job, held: number): number | undefined {
  const known = learned.gpuMemoryMiB;
  const works = state.name === "running" && runOf({ state })?.firstStepAt !== undefined;
  if (held === 0 || (known !== undefined && held < known && !works)) return known;
  return followed(known ?? null, held);
}

/** The most that a run holds on one GPU. */
function gpuMemory(run: string, { gpus }: Sample): number {
  const held = gpus.map(({ processes }) =>
    processes.reduce((sum, one) => sum + (one.ours === run ? (one.gpuMemoryMiB ?? 0) : 0), 0),
  );
  return Math.max(0, ...held);
}

/** A manual wish ends when its time is up, or once it has been granted and nothing is excused any more. */
function expireManual(job: Job, { now, rules }: TickInput): Job {
  const { manual } = job;
  if (manual === null) return job;
  if (manual.want === "pause")
    return manual.untilMs !== null && now.wallMs >= manual.untilMs ? { ...job, manual: null } : job;
  const excused = manual.excused.filter((key) => {
    const rule = rules.find((one) => one.key === key);
    return rule !== undefined && holds(rule.state);
  });
  const { name } = job.state;
  const honoured = manual.honoured === true || isWorking(name);
  const over = manual.windowUntilMs !== null && now.wallMs >= manual.windowUntilMs;
  const windowUntilMs = over ? null : manual.windowUntilMs;
  if (honoured && excused.length === 0 && windowUntilMs === null) return { ...job, manual: null };
  const same = excused.length === manual.excused.length && windowUntilMs === manual.windowUntilMs;
  if (same && honoured === (manual.honoured === true)) return job;
  return { ...job, manual: { ...manual, excused, windowUntilMs, honoured } };
}

function updateFootprint(job: Job, sample: Sample): Job {
  const run = runOf(job);
  // Memory use while loading isn't the footprint.
  if (run === null || job.state.name !== "running") return job;
  const use = sample.runs[run.id];
  if (use === undefined) return job;
  const memoryMiB = follow(job.learned.memoryMiB, use.memoryMiB);
  const cpuPercent = follow(job.learned.cpuPercent, use.cpuPercent);
  if (memoryMiB === job.learned.memoryMiB && cpuPercent === job.learned.cpuPercent) return job;
  return { ...job, learned: { ...job.learned, memoryMiB, cpuPercent } };
}

const follow = (known: number | null, reading: Reading): number | null =>
  "value" in reading ? followed(known, reading.value) : known;

function followed(known: number | null, value: number): number {
  if (known === null || value > known * RISEN) return value;
  return value < known * FALLEN ? (known + value) / 2 : known;
}
