/**
 * What each job uses while it works, measured in periods: a period's peak or mean is one measurement, so that
 * neither one reading nor a few seconds of anything make a figure. Periods get longer as more is known.
 */
import { noted } from "../model/figure.ts";
import type { Job } from "../model/job.ts";
import type { Learned } from "../model/learned.ts";
import type { Reading, Sample } from "../model/machine.ts";
import type { Run } from "../model/run.ts";
import { isAtWork, runOf } from "../model/state.ts";
import { type GpuUse, gpuUse } from "./gpu-use.ts";
import { measured } from "./learned.ts";
import type { Jobs, Period, Periods, Sum } from "./world.ts";

/** The first period, and the longest; each is twice as long as the one before. */
const FIRST_MS = 10_000;
const LONGEST_MS = 600_000;
/** A longer break between two readings says nothing about the time in between. */
const GAP_MS = 15_000;
/** The share of a period that must have been read for its mean to count. */
const ENOUGH = 0.5;

/** Returns the same jobs where no period has ended. */
export function measureUse(jobs: Jobs, periods: Periods, sample: Sample): { jobs: Jobs; periods: Periods } {
  const next: Record<string, Period> = {};
  const learnt: Record<string, Job> = {};
  for (const job of Object.values(jobs)) {
    const run = workingRun(job);
    const period = periods[job.name];
    if (run === null || (period !== undefined && period.run !== run.id)) {
      if (period !== undefined && !isLoading(job, period) && counts(period, job.learned))
        learnt[job.name] = { ...job, learned: learntFrom(period, job) };
      continue;
    }
    const longer = period === undefined ? begun(run, job, sample) : extended(period, run, sample);
    if (longer.ms < lengthMs(job.learned)) next[job.name] = longer;
    else learnt[job.name] = { ...job, learned: learntFrom(longer, job) };
  }
  const changed = Object.keys(learnt).length > 0;
  return { jobs: changed ? { ...jobs, ...learnt } : jobs, periods: next };
}

/** The run of a job that is at work: what loading takes isn't its use. */
function workingRun(job: Job): Run | null {
  const run = isAtWork(job.state.name) ? runOf(job) : null;
  if (!run) return null;
  return job.understands === "contract" && run.firstStepAt === undefined ? null : run;
}

/** It turns out to keep the contract, and hasn't begun: what was measured was its loading. */
const isLoading = ({ state }: Job, period: Period): boolean =>
  isAtWork(state.name) && runOf({ state })?.id === period.run;

/** Cut short by the end of the work: too short a period counts only where nothing is known. */
const counts = ({ ms }: Period, learned: Learned): boolean =>
  ms >= FIRST_MS || (ms > 0 && known(learned) === 0);

const known = ({ memoryMiB, cpuPercent }: Learned): number => memoryMiB?.count ?? cpuPercent?.count ?? 0;

const lengthMs = (learned: Learned): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(known(learned), 10));

const NOTHING: Sum = { sum: 0, ms: 0 };

const begun = ({ id }: Run, { progress }: Job, { at }: Sample): Period => ({
  run: id,
  atMs: at.monotonicMs,
  ms: 0,
  fromStep: progress?.step ?? null,
  memoryMiB: null,
  cpu: NOTHING,
  gpu: NOTHING,
  watts: NOTHING,
  gpuMemoryMiB: {},
});

function extended(period: Period, run: Run, sample: Sample): Period {
  const atMs = sample.at.monotonicMs;
  const passed = Math.max(0, atMs - period.atMs);
  if (passed > GAP_MS) return { ...period, atMs };
  const use = sample.runs[run.id];
  const held = use === undefined ? null : valueIn(use.memoryMiB);
  const onGpus = sample.gpus.length === 0 ? null : gpuUse(run, sample.gpus);
  return {
    ...period,
    atMs,
    ms: period.ms + passed,
    memoryMiB: held === null ? period.memoryMiB : Math.max(held, period.memoryMiB ?? 0),
    cpu: added(period.cpu, use === undefined ? null : valueIn(use.cpuPercent), passed),
    ...(onGpus !== null && onGpuToo(period, onGpus, passed)),
  };
}

const onGpuToo = (period: Period, { percent, watts, heldMiB }: GpuUse, ms: number): Partial<Period> => ({
  gpu: added(period.gpu, percent, ms),
  watts: added(period.watts, watts, ms),
  gpuMemoryMiB: highest(period.gpuMemoryMiB, heldMiB),
});

function highest(known: Period["gpuMemoryMiB"], seen: Period["gpuMemoryMiB"]): Period["gpuMemoryMiB"] {
  const higher = Object.entries(seen).filter(([gpu, mib]) => mib > (known[gpu] ?? 0));
  return higher.length === 0 ? known : { ...known, ...Object.fromEntries(higher) };
}

const added = (to: Sum, value: number | null, ms: number): Sum =>
  value === null ? to : { sum: to.sum + value * ms, ms: to.ms + ms };

const valueIn = (reading: Reading): number | null => ("value" in reading ? reading.value : null);

function learntFrom(period: Period, { learned, progress }: Job): Learned {
  const { ms, memoryMiB, cpu, gpu, watts } = period;
  const mean = (of: Sum): number | null => (of.ms > 0 && of.ms >= ms * ENOUGH ? of.sum / of.ms : null);
  const next = measured(learned, {
    memoryMiB,
    cpuPercent: mean(cpu),
    gpuPercent: mean(gpu),
    joulesPerStep: joulesPerStep(period, mean(watts), progress?.step ?? null),
  });
  const gpuMemoryMiB = gpuMemory(period, learned);
  return gpuMemoryMiB === undefined ? next : { ...next, gpuMemoryMiB };
}

/** Of the GPUs of this run alone: what it held on others, in an earlier one, it may never hold again. */
function gpuMemory({ gpuMemoryMiB: held }: Period, learned: Learned): Learned["gpuMemoryMiB"] {
  const entries = Object.entries(held);
  if (entries.length === 0) return learned.gpuMemoryMiB;
  return Object.fromEntries(
    entries.map(([gpu, mib]) => [
      gpu,
      noted(learned.gpuMemoryMiB?.[gpu], mib) ?? { count: 1, recent: [mib] },
    ]),
  );
}

/** Null where no power was told, or no step made. */
function joulesPerStep({ ms, fromStep }: Period, watts: number | null, step: number | null): number | null {
  if (watts === null || step === null || fromStep === null || step <= fromStep) return null;
  return (watts * ms) / 1000 / (step - fromStep);
}
