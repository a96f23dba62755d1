/**
 * Whether a job, as large as it was last seen, fits under the thresholds of rules about totals.
 * Its needs are unknown before its first run: then nothing is held back.
 */

import type { WaitingFor } from "../../model/decision.ts";
import type { Job } from "../../model/job.ts";
import type { Reading, Sample } from "../../model/machine.ts";
import { runOf } from "../../model/state.ts";
import { percent } from "../../words/number.ts";
import { size } from "../../words/size.ts";
import { concerns, isExcused, type RuleNow } from "../rules/rule-now.ts";
import type { TickInput } from "../tick-input.ts";

/** Must stay free beyond the threshold, since footprints vary. */
const CPU_MARGIN_PERCENT = 2;
const MEMORY_MARGIN = 0.05;
const MEMORY_MARGIN_MIB = 64;

/** Memory that live jobs are known to grow to but don't hold yet, in MiB. */
export function owedMiB(jobs: Iterable<Job>, sample: Sample): number {
  let owed = 0;
  for (const job of jobs) {
    const run = runOf(job);
    if (run === null || job.learned.memoryMiB === null) continue;
    const held = sample.runs[run.id]?.memoryMiB;
    owed += Math.max(0, job.learned.memoryMiB - (held && "value" in held ? held.value : 0));
  }
  return owed;
}

/** What is too tight, one entry per rule. A held run has its memory already. */
export function tightness(job: Job, input: TickInput, owed: number): WaitingFor[] {
  const held = runOf(job) !== null;
  return input.rules.flatMap((rule) => {
    if (!concerns(rule, job) || isExcused(rule, job) || rule.state.lastValue === null) return [];
    const text =
      rule.rule.metric === "cpu.total" ? cpu(job, rule) : held ? null : memory(job, rule, input.sample, owed);
    return text === null ? [] : [{ code: "footprint" as const, text, rule: rule.rule.name }];
  });
}

function cpu({ learned }: Job, { rule, state }: RuleNow): string | null {
  if (rule.above === undefined || learned.cpuPercent === null || state.lastValue === null) return null;
  if (state.lastValue + learned.cpuPercent + CPU_MARGIN_PERCENT <= rule.above) return null;
  return `it used ${percent(learned.cpuPercent)} of the CPU, which is at ${percent(state.lastValue)}; rule '${rule.name}' allows ${percent(rule.above)}`;
}

function memory({ learned }: Job, { rule }: RuleNow, sample: Sample, owed: number): string | null {
  if (rule.below === undefined || learned.memoryMiB === null) return null;
  const free = value(sample.machine["memory.availableMiB"]);
  const freePercent = value(sample.machine["memory.availablePercent"]);
  if (free === null) return null;
  const total = freePercent === null || freePercent <= 0 ? null : (free / freePercent) * 100;
  const least =
    rule.metric === "memory.availableMiB"
      ? rule.below
      : rule.metric === "memory.availablePercent" && total !== null
        ? (rule.below / 100) * total
        : null;
  if (least === null) return null;
  const margin = Math.max(MEMORY_MARGIN_MIB, learned.memoryMiB * MEMORY_MARGIN);
  if (free - owed - learned.memoryMiB - margin >= least) return null;
  return `needs ${size(learned.memoryMiB)}, ${size(Math.max(0, free - owed))} of memory free; rule '${rule.name}' keeps ${size(least)}`;
}

const value = (reading: Reading): number | null => ("value" in reading ? reading.value : null);
