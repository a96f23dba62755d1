/** Judges every rule by one sample: its new state, and what has changed. */
import type { Rule } from "../../config/schema/schema.ts";
import type { RuleState } from "../../model/decision.ts";
import {
  type GpuMetric,
  type GpuSample,
  type MachineMetric,
  OURS_IDLE,
  type Reading,
  type Sample,
} from "../../model/machine.ts";
import type { TickInput } from "../tick-input.ts";
import { advance, dormant, type Pace, unread } from "./dwell.ts";
import { unusedByOurs } from "./idle-gpu.ts";
import { programsRunning } from "./programs-running.ts";
import { keyOf } from "./rule-now.ts";

type Seen = Pick<TickInput, "sample" | "jobs">;
type States = Readonly<Record<string, RuleState>>;

export interface RuleChange {
  key: string;
  rule: Rule;
  state: RuleState;
  to: "pressure" | "clear" | "lost" | "recovered" | "blind";
}

export interface Judged {
  states: Record<string, RuleState>;
  changes: RuleChange[];
}

/**
 * A GPU that was seen before and is missing now is unavailable. One that is there and was never read has no
 * name: its rules have a state without a GPU until it is read.
 */
export function judgeRules(rules: readonly Rule[], before: States, seen: Seen, pace: Pace): Judged {
  const { sample } = seen;
  const judged: Judged = { states: {}, changes: [] };
  const missing = Object.values(before).filter(
    ({ gpu }) => gpu !== null && !sample.gpus.some(({ uuid }) => uuid === gpu),
  );
  for (const rule of rules)
    for (const [gpu, reading] of readingsOf(rule, seen, missing)) {
      const key = keyOf(rule.name, gpu);
      const last = before[key] ?? unread(rule, gpu, pace.now);
      const sleeps = sample.gpus.some(({ uuid, asleep }) => uuid === gpu && asleep);
      const state =
        sleeps && "unavailable" in reading
          ? dormant(rule, last, reading.unavailable, pace.now)
          : advance(rule, last, reading, pace);
      judged.states[key] = state;
      judged.changes.push(...changes({ key, rule, state }, before[key]));
      if (gpu !== null && before[key] === undefined && before[rule.name]?.blind && state.unavailable === null)
        judged.changes.push({ key, rule, state, to: "recovered" });
    }
  return judged;
}

function readingsOf(rule: Rule, seen: Seen, missing: RuleState[]): [gpu: string | null, Reading][] {
  const { sample } = seen;
  if (!rule.metric.startsWith("gpu.")) return [[null, machineReading(rule, sample)]];
  const unavailable = sample.gpusUnavailable ?? "the GPU isn't reported any more";
  const areUnread = sample.gpusExpected && missing.length === 0;
  return [
    ...(areUnread ? [[null, { unavailable }] satisfies [null, Reading]] : []),
    ...sample.gpus.map((gpu): [string, Reading] => [gpu.uuid, gpuReading(rule, gpu, seen)]),
    ...missing
      .filter((state) => state.rule === rule.name)
      .map(({ gpu }): [string | null, Reading] => [gpu, { unavailable }]),
  ];
}

const gpuReading = (rule: Rule, gpu: GpuSample, seen: Seen): Reading =>
  rule.metric === OURS_IDLE ? unusedByOurs(rule, gpu, seen) : gpu.metrics[rule.metric as GpuMetric];

/** A rule may exclude niced CPU time; a source that can't tell niced time counts it all. */
function machineReading(rule: Rule, sample: Sample): Reading {
  const { metric, countNice } = rule;
  const { machine, withoutNice } = sample;
  if (metric === "process.running") return programsRunning(rule, sample);
  if (!countNice && withoutNice && (metric === "cpu.total" || metric === "cpu.others"))
    return withoutNice[metric];
  return machine[metric as MachineMetric];
}

function changes(what: Omit<RuleChange, "to">, before: RuleState | undefined): RuleChange[] {
  const { state } = what;
  const found: RuleChange[] = [];
  if (state.firm !== (before?.firm ?? "clear")) found.push({ ...what, to: state.firm });
  if (before === undefined) return found;
  if (state.blind && !before.blind) found.push({ ...what, to: "blind" });
  if (before.blind && !state.blind) found.push({ ...what, to: "recovered" });
  if (before.lastValue === null) return found;
  if (state.unavailable !== null && before.unavailable === null && !state.blind)
    found.push({ ...what, to: "lost" });
  if (state.unavailable === null && before.unavailable !== null) found.push({ ...what, to: "recovered" });
  return found;
}
