/** Turns a rule's reading into evidence and a sentence: what was read, what is allowed, whose use it is. */

import type { Evidence } from "../../model/decision.ts";
import type { GpuSample, Metric, ProcessEvidence, Sample } from "../../model/machine.ts";
import { duration } from "../../words/duration.ts";
import { list, plural } from "../../words/list.ts";
import { processes } from "../../words/sentences/process.ts";
import { MEASURES } from "./measures.ts";
import { runningPrograms } from "./programs-running.ts";
import type { RuleNow } from "./rule-now.ts";

/** Enough to name the culprits; the audit log keeps every one of them for ever. */
const MOST_PROCESSES = 10;

/** Foreign processes behind a reading, heaviest users first. */
export function culprits({ rule, gpu }: RuleNow, sample: Sample): ProcessEvidence[] {
  const { relieves } = MEASURES[rule.metric];
  if (rule.metric === "process.running") return runningPrograms(rule, sample).slice(0, MOST_PROCESSES);
  if (relieves === "gpu") {
    return greediest(
      behind(rule.metric, gpu),
      (one) => (one.gpuPercent ?? 0) * 1e6 + (one.gpuMemoryMiB ?? 0),
    );
  }
  if (relieves === "memory") return greediest(sample.foreign, (one) => one.memoryMiB ?? 0);
  return greediest(sample.foreign, (one) => one.cpuPercent ?? 0);
}

/** Of the others' processes on the GPU, those that make up the reading, where that is known. */
function behind(metric: Metric, gpu: GpuSample | null): ProcessEvidence[] {
  const others = (gpu?.processes ?? []).filter(({ ours, counts }) => ours === null && counts !== false);
  if (metric === "gpu.newcomers.memoryMiB") return others.filter(({ newcomer }) => newcomer === true);
  const busy = others.filter(({ gpuPercent = 0 }) => gpuPercent > 0);
  return metric === "gpu.others.utilization" && busy.length > 0 ? busy : others;
}

const greediest = (all: ProcessEvidence[], by: (one: ProcessEvidence) => number): ProcessEvidence[] =>
  [...all].sort((a, b) => by(b) - by(a)).slice(0, MOST_PROCESSES);

export function evidenceOf(now: RuleNow, sample: Sample): Evidence {
  const { rule, state } = now;
  const found = culprits(now, sample);
  return {
    rule: rule.name,
    metric: rule.metric,
    ...(state.gpu === null ? {} : { gpu: state.gpu }),
    ...(state.lastValue === null ? {} : { value: state.lastValue }),
    ...(state.estimated === undefined ? {} : { estimated: state.estimated }),
    threshold: rule.above ?? rule.below ?? 0,
    dwellSeconds: rule.forSeconds,
    readings: readings(sample, now),
    ...(found.length === 0 ? {} : { processes: found }),
  };
}

/** The machine's available readings, and those of the rule's GPU. */
export function readings(sample: Sample, rule?: RuleNow): Record<string, number | string> {
  const all: Record<string, number | string> = {};
  const add = (metrics: object): void => {
    for (const [metric, reading] of Object.entries(metrics))
      if ("value" in reading) all[metric] = Math.round(reading.value * 100) / 100;
  };
  add(sample.machine);
  if (rule?.gpu) add(rule.gpu.metrics);
  return all;
}

/** " on GPU 1"; empty for a rule on the machine. */
export const onGpu = ({ state, gpu }: Pick<RuleNow, "state" | "gpu">): string =>
  state.gpu === null ? "" : ` on GPU ${gpu?.index ?? state.gpu}`;

/** "'stress' (pid 8812, ana) and 2 others use 64 % of the CPU" or "available memory is 3 %". */
export function fact(now: RuleNow, sample: Sample): string {
  const { rule, state } = now;
  const measure = MEASURES[rule.metric];
  const value = state.lastValue === null ? "an unknown share" : measure.show(state.lastValue);
  const where = onGpu(now);
  if (rule.metric === "process.running") {
    const running = runningPrograms(rule, sample);
    if (running.length > 0) return `${processes(running)} ${running.length === 1 ? "runs" : "run"}`;
  }
  if (now.holders !== undefined) return unusedFact(now, value);
  if (measure.who === "machine") return `${measure.words}${where} is at ${value}`;
  const found = culprits(now, sample);
  // Of a GPU, an estimate counts seen processes alone.
  const hidden = state.estimated !== undefined && state.gpu === null;
  const who = processes(found) ?? (hidden ? "hidden processes of other users" : "other programs");
  const about = state.estimated === undefined ? "" : hidden ? "about " : "at least ";
  return `${who} ${found.length === 1 ? "uses" : "use"} ${about}${value} ${measure.words}${where}`;
}

/** "'tts' holds GPU 1 and leaves 99 % of it unused" */
function unusedFact({ holders = [], gpu, state }: RuleNow, value: string): string {
  const where = `GPU ${gpu?.index ?? state.gpu}`;
  if (holders.length === 0) return `no job at work holds ${where}`;
  const names = list(holders.map((name) => `'${name}'`));
  const [hold, leave] = holders.length === 1 ? ["holds", "leaves"] : ["hold", "leave"];
  return `${names} ${hold} ${where} and ${leave} ${value} of it unused`;
}

/** "rule 'x' allows 60 % for 10 s" or "rule 'x' needs 5 % and waits 2 s". */
export function allowance({ rule }: RuleNow): string {
  const { show } = MEASURES[rule.metric];
  const dwell = rule.forSeconds === 0 ? "" : ` for ${duration(rule.forSeconds * 1000)}`;
  if (rule.above !== undefined) return `rule '${rule.name}' allows ${show(rule.above)}${dwell}`;
  const less = rule.forSeconds === 0 ? "" : `, and tolerates less for ${duration(rule.forSeconds * 1000)}`;
  return `rule '${rule.name}' needs ${show(rule.below ?? 0)}${less}`;
}

/** The whole sentence of a pause. */
export function pressureSentence(now: RuleNow, sample: Sample): string {
  return `${sentence(`${fact(now, sample)}; ${allowance(now)}.`)}${comesWith(now)}`;
}

/** A sentence of its own; empty where the load wasn't found to come and go with a job. */
const comesWith = ({ comesWith: job }: RuleNow): string =>
  job === undefined ? "" : ` This load came and went with ${plural(job.runs, "run")} of '${job.job}'.`;

export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
