/** All that one decision looks at, gathered once per tick, so that the cost for each job is small. */
import type { Config, Rule } from "../config/schema.ts";
import {
  type GpuSample,
  type Now,
  type ProcessEvidence,
  type RuleState,
  type RunUse,
  runOf,
  type Sample,
  type WindowState,
} from "../model.ts";
import type { SupervisedJob } from "../ports.ts";
import { keyOf } from "./rules/dwell.ts";

export interface Mode {
  /** The supervisor is on its way out: everything is paused, nothing started. */
  stopping: boolean;
  /** Intents can be written; without that nothing is started. */
  journalHealthy: boolean;
}

/** A rule that acts on jobs, with what it makes of the readings; one for each GPU for gpu.* rules. */
export interface RuleNow {
  key: string;
  rule: Rule;
  state: RuleState;
  gpu: GpuSample | null;
}

/** A pause by a rule about others, until it is known what became of them. */
export interface Blamed {
  key: string;
  processes: ProcessEvidence[];
  askedWallMs: number;
  /** Monotonic time of the last reading that was looked at. */
  readMs: number;
  /** Readings in a row, before the run's exit was seen, in which none of them was there. */
  absent: number;
  /** Monotonic time of the run's exit, once it has ended. */
  goneMs?: number;
  /** The use lasted for one reading after the exit, with none of them there. */
  lingered?: true;
}

/** What the policy remembers between ticks; none of it needs to outlive the supervisor. */
export interface Settle {
  /** Monotonic time of the first decision; null before. */
  startedMs: number | null;
  /** The last start or resume; `polite`: of a job that a rule had paused. */
  last: { job: string; atMs: number; polite: boolean } | null;
  /** Whether each window was open at the last tick. */
  windows: Record<string, boolean>;
  /** Wall time since which each job has stood in line for a GPU; left out before the first decision. */
  line?: Record<string, number>;
  /** Requests for turns that have been told of. */
  requests?: string[];
  /** By job: whom its pause was for, until it is known whether they were its own. */
  blamed?: Record<string, Blamed>;
}

export interface Scene {
  jobs: Record<string, SupervisedJob>;
  rules: RuleNow[];
  sample: Sample;
  windows: WindowState[];
  config: Config;
  now: Now;
  mode: Mode;
  settle: Settle;
}

/** Rules that only tell are none of the policy's business. */
export function rulesNow(config: Config, memory: Record<string, RuleState>, sample: Sample): RuleNow[] {
  const found: RuleNow[] = [];
  const states = Object.values(memory);
  for (const rule of config.rules) {
    if (rule.action === "notify") continue;
    for (const state of states) {
      if (state.rule !== rule.name) continue;
      const gpu = sample.gpus.find(({ uuid }) => uuid === state.gpu) ?? null;
      found.push({ key: keyOf(rule.name, state.gpu), rule, state, gpu });
    }
  }
  return found;
}

export function concerns({ key, rule }: RuleNow, job: SupervisedJob): boolean {
  return (rule.jobs === undefined || rule.jobs.includes(job.name)) && !job.misattributed.includes(key);
}

/** Excused by a manual resume until the rule has been clear once; a critical rule never is. */
export function isExcused({ key, rule }: RuleNow, { manual }: SupervisedJob): boolean {
  return rule.severity !== "critical" && manual?.want === "run" && manual.excused.includes(key);
}

export function isOnGpu(job: SupervisedJob, uuid: string, gpu: GpuSample | null): boolean {
  const run = runOf(job);
  if (run === null) return false;
  if (run.gpus.includes(uuid)) return true;
  return gpu?.processes.some(({ ours }) => ours === run.id || ours === job.name) ?? false;
}

export function runUse(job: SupervisedJob, sample: Sample): RunUse | null {
  const run = runOf(job);
  return run === null ? null : (sample.runs[run.id] ?? null);
}
