/**
 * Whether a job, as large as it was learned to be, fits under the thresholds of rules about totals, with a
 * margin. What was never measured holds nothing back, nor for long what was measured too seldom.
 */

import { peak, summary } from "../../model/figure.ts";
import type { Job } from "../../model/job.ts";
import type { GpuSample, Reading, Sample } from "../../model/machine.ts";
import { runOf } from "../../model/state.ts";
import type { WaitingFor } from "../../model/why.ts";
import { howSure } from "../../words/figure.ts";
import { percent } from "../../words/number.ts";
import { size } from "../../words/size.ts";
import { gpuMemoryOf, type Need, needOf } from "../learned.ts";
import { concerns, isExcused, type RuleNow } from "../rules/rule-now.ts";
import type { TickInput } from "../tick-input.ts";

/** Must stay free beyond the threshold, since footprints vary. */
const PERCENT_MARGIN = 2;
const MEMORY_MARGIN = 0.05;
const MEMORY_MARGIN_MIB = 64;

/** Memory that live jobs are known to grow to but don't hold yet, in MiB. */
export function owedMiB(jobs: Iterable<Job>, sample: Sample): number {
  let owed = 0;
  for (const job of jobs) {
    const run = runOf(job);
    if (run === null || job.learned.memoryMiB === undefined) continue;
    const held = sample.runs[run.id]?.memoryMiB;
    owed += Math.max(0, peak(job.learned.memoryMiB) - (held && "value" in held ? held.value : 0));
  }
  return owed;
}

/** What is too tight on the machine, one entry per rule. A held run has its memory already. */
export function tightness(job: Job, input: TickInput, owed: number): WaitingFor[] {
  const held = runOf(job) !== null;
  return tight(job, input, null, (rule) => {
    if (rule.rule.metric === "cpu.total") return cpu(needOf(job.learned.cpuPercent, job, input.now), rule);
    if (held || !rule.rule.metric.startsWith("memory.available")) return null;
    return memory(needOf(job.learned.memoryMiB, job, input.now), rule, input.sample, owed);
  });
}

/** The same on the GPU of that UUID. */
export function gpuTightness(job: Job, uuid: string, input: TickInput): WaitingFor[] {
  const held = runOf(job) !== null;
  return tight(job, input, uuid, (rule) => {
    const { gpu } = rule;
    if (gpu === null) return null;
    if (rule.rule.metric === "gpu.utilization")
      return gpuTime(needOf(job.learned.gpuPercent, job, input.now), rule, gpu);
    if (rule.rule.metric !== "gpu.memory.freeMiB" || held) return null;
    return gpuMemory(needOf(gpuMemoryOf(job.learned), job, input.now), rule, gpu);
  });
}

interface Tight {
  need: Need;
  text: string;
}

function tight(
  job: Job,
  { rules }: TickInput,
  gpu: string | null,
  judge: (rule: RuleNow) => Tight | null,
): WaitingFor[] {
  return rules.flatMap((rule): WaitingFor[] => {
    if (rule.state.gpu !== gpu || rule.state.lastValue === null) return [];
    if (!concerns(rule, job) || isExcused(rule, job)) return [];
    const found = judge(rule);
    if (found === null) return [];
    const { untilMs } = found.need;
    const wait = { code: "footprint" as const, text: found.text, rule: rule.rule.name };
    return [{ ...wait, ...(gpu !== null && { gpu }), ...(untilMs !== undefined && { untilMs }) }];
  });
}

function cpu(need: Need | null, { rule, state }: RuleNow): Tight | null {
  if (need === null || isUnder(need, { rule, state })) return null;
  const text = `it used ${sure(need, percent)} of the CPU, which is at ${percent(state.lastValue ?? 0)}; rule '${rule.name}' allows ${percent(rule.above ?? 0)}`;
  return { need, text };
}

function gpuTime(need: Need | null, { rule, state }: RuleNow, { index }: GpuSample): Tight | null {
  if (need === null || isUnder(need, { rule, state })) return null;
  const text = `it used ${sure(need, percent)} of a GPU, and GPU ${index} is at ${percent(state.lastValue ?? 0)}; rule '${rule.name}' allows ${percent(rule.above ?? 0)}`;
  return { need, text };
}

const isUnder = ({ value }: Need, { rule, state }: Pick<RuleNow, "rule" | "state">): boolean =>
  rule.above === undefined || (state.lastValue ?? 0) + value + PERCENT_MARGIN <= rule.above;

function memory(need: Need | null, { rule }: RuleNow, sample: Sample, owed: number): Tight | null {
  if (need === null || rule.below === undefined) return null;
  const free = value(sample.machine["memory.availableMiB"]);
  if (free === null) return null;
  const total = totalMiB(sample);
  const least =
    rule.metric === "memory.availableMiB"
      ? rule.below
      : rule.metric === "memory.availablePercent" && total !== null
        ? (rule.below / 100) * total
        : null;
  if (least === null || free - owed - withMargin(need) >= least) return null;
  const text = `needs ${sure(need, size)}, ${size(Math.max(0, free - owed))} of memory free; rule '${rule.name}' keeps ${size(least)}`;
  return { need, text };
}

function gpuMemory(need: Need | null, { rule, state }: RuleNow, { index }: GpuSample): Tight | null {
  const free = state.lastValue ?? 0;
  if (need === null || rule.below === undefined || free - withMargin(need) >= rule.below) return null;
  const text = `needs ${sure(need, size)} on GPU ${index}, ${size(free)} free; rule '${rule.name}' keeps ${size(rule.below)}`;
  return { need, text };
}

const withMargin = ({ value }: Need): number => value + Math.max(MEMORY_MARGIN_MIB, value * MEMORY_MARGIN);

/** "4.2 GiB (measured 9 times, ± 0.1 GiB)" */
export const sure = ({ figure, value }: Need, show: (value: number) => string): string =>
  `${show(value)} (${howSure(summary(figure), show)})`;

/** Of the host, by what is free of it and how much that is in percent; null where either isn't known. */
export function totalMiB({ machine }: Sample): number | null {
  const free = value(machine["memory.availableMiB"]);
  const percent = value(machine["memory.availablePercent"]);
  return free === null || percent === null || percent <= 0 ? null : (free / percent) * 100;
}

const value = (reading: Reading): number | null => ("value" in reading ? reading.value : null);
