/** Whether pausing a job would free what a rule is about. */

import type { Job } from "../../model/job.ts";
import type { GpuSample, RunUse, Sample } from "../../model/machine.ts";
import { isFrozenOverdue, isReleased, isSuspended, isWorking, runOf } from "../../model/state.ts";
import { MEASURES, needsMemory } from "../rules/measures.ts";
import { concerns, isExcused, type RuleNow } from "../rules/rule-now.ts";

/** Less than this doesn't count as use: a pause would free nothing. */
const CPU_PERCENT = 1;
const MEMORY_MIB = 16;
/** Whether the job uses what the rule is about; assumes use where it isn't known of a live job. */
export function relieves(job: Job, rule: RuleNow, sample: Sample): boolean {
  const { name } = job.state;
  if (!isWorking(name) && !isSuspended(name) && name !== "pausing") return false;
  if (isReleased(job.state)) return false;
  if (!concerns(rule, job) || isExcused(rule, job) || job.cancelling !== undefined) return false;
  const { metric } = rule.rule;
  const still = isSuspended(name) || isFrozenOverdue(job.state);
  if (still && !needsMemory(metric)) return false;
  if (rule.state.gpu !== null) return isOnGpu(job, rule.state.gpu, rule.gpu);
  const use = runUse(job, sample);
  const { relieves: resource } = MEASURES[metric];
  if (resource === "cpu") return use === null || atLeast(use.cpuPercent, CPU_PERCENT);
  if (resource === "memory") return use === null || atLeast(use.memoryMiB, MEMORY_MIB);
  return true;
}

const atLeast = (reading: { value: number } | { unavailable: string }, least: number): boolean =>
  !("value" in reading) || reading.value >= least;

export function isOnGpu(job: Job, uuid: string, gpu: GpuSample | null): boolean {
  const run = runOf(job);
  if (run === null) return false;
  if (run.gpus.includes(uuid)) return true;
  return gpu?.processes.some(({ ours }) => ours === run.id || ours === job.name) ?? false;
}

function runUse(job: Job, sample: Sample): RunUse | null {
  const run = runOf(job);
  return run === null ? null : (sample.runs[run.id] ?? null);
}
