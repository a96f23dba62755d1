/**
 * How much of a GPU the jobs that hold it leave unused, and which jobs those are. Use that can't be told
 * counts as theirs, so that nothing unknown is ever taken for idleness. Pure.
 */
import type { Rule } from "../../config/schema/schema.ts";
import type { RuleState } from "../../model/decision.ts";
import type { Job } from "../../model/job.ts";
import { type GpuSample, OURS_IDLE, type Reading, type Sample } from "../../model/machine.ts";
import { isAtWork, runOf } from "../../model/state.ts";
import type { IdleGpu } from "../../model/why.ts";
import { percentOn } from "../gpu-use.ts";
import type { Jobs } from "../world.ts";
import { governs, gpuOf } from "./rule-now.ts";

/** By these jobs together. */
export type Idle = IdleGpu & { jobs: string[] };

interface Seen {
  readonly jobs: Jobs;
  readonly sample: Readonly<Sample>;
}

type States = Readonly<Record<string, RuleState>>;

/** The jobs at work that hold the GPU, among those that the rule is about: placed on it, or seen there. */
export const holdersOf = (rule: Rule, gpu: GpuSample, jobs: Jobs): Job[] =>
  Object.values(jobs).filter((job) => governs({ rule }, job) && isAtWork(job.state.name) && holds(job, gpu));

function holds(job: Job, { uuid, processes }: GpuSample): boolean {
  const run = runOf(job);
  return run !== null && (run.gpus.includes(uuid) || processes.some(({ ours }) => ours === run.id));
}

/** Percent of the GPU; 0 where no job holds it. */
export function unusedByOurs(rule: Rule, gpu: GpuSample, { jobs, sample }: Seen): Reading {
  const atMs = sample.at.monotonicMs;
  const runs = holdersOf(rule, gpu, jobs).flatMap((job) => runOf(job)?.id ?? []);
  if (runs.length === 0) return { value: 0, atMs };
  if (gpu.asleep) return { value: 100, atMs };
  const most = mostUsed(gpu, runs);
  if (most !== null) return { value: Math.max(0, 100 - most), atMs: takenAt(gpu, atMs) };
  const whole = gpu.metrics["gpu.utilization"];
  return "unavailable" in whole ? whole : { unavailable: "its use isn't known" };
}

/** All that others aren't seen to use, or what the runs' own processes use; null where neither is told. */
function mostUsed(gpu: GpuSample, runs: string[]): number | null {
  const used = { own: 0, others: 0 };
  for (const { ours, gpuPercent = 0 } of gpu.processes)
    used[ours !== null && runs.includes(ours) ? "own" : "others"] += gpuPercent;
  const whole = most(gpu.metrics["gpu.utilization"]);
  if (whole !== null) return Math.max(used.own, whole - used.others);
  const others = gpu.metrics["gpu.others.utilization"];
  if ("unavailable" in others || runs.some((run) => percentOn(gpu, run) === null)) return null;
  return used.own + (others.upTo ?? others.value) - others.value;
}

const most = (reading: Reading): number | null =>
  "value" in reading ? (reading.upTo ?? reading.value) : null;

/** When the driver told it: a GPU that isn't read any more must not look idle. */
const takenAt = ({ metrics }: GpuSample, nowMs: number): number =>
  [metrics["gpu.utilization"], metrics["gpu.others.utilization"]].reduce(
    (oldest, one) => ("value" in one ? Math.min(oldest, one.atMs) : oldest),
    nowMs,
  );

/** The GPUs that jobs have left unused for longer than a rule allows. */
export function idleGpus(rules: readonly Rule[], states: States, seen: Seen): Idle[] {
  return rules.flatMap((rule) => {
    if (rule.metric !== OURS_IDLE) return [];
    return Object.values(states).flatMap((state): Idle[] => {
      const gpu = gpuOf(state, seen.sample);
      if (gpu === null || state.rule !== rule.name || state.firm !== "pressure") return [];
      const jobs = holdersOf(rule, gpu, seen.jobs).map(({ name }) => name);
      const sinceMs = state.sinceMs - rule.forSeconds * 1000;
      return [{ rule: rule.name, gpu: gpu.index, jobs, sinceMs }];
    });
  });
}
