/**
 * What each rule makes of the readings: firm pressure or firm clear, with dwell, and the memory
 * in between. Doubt (`upTo`) and missing readings hold room back; they never make pressure.
 */

import type { Rule } from "../config/schema.ts";
import type { GpuMetric, MachineMetric, Now, Reading, RuleState, Sample } from "../model.ts";
import { elapsed } from "../words/duration.ts";

/** A reading counts for three polls, and at least so long. */
const FRESH_AT_LEAST_MS = 3000;

export interface Transition {
  key: string;
  rule: Rule;
  state: RuleState;
  to: "pressure" | "clear" | "lost" | "recovered";
}

export interface Judged {
  memory: Record<string, RuleState>;
  transitions: Transition[];
}

/** A rule's name, and the GPU's UUID for gpu.* rules. */
export const keyOf = (rule: string, gpu: string | null): string => (gpu === null ? rule : `${rule}@${gpu}`);

export const freshMs = (pollSeconds: number): number => Math.max(FRESH_AT_LEAST_MS, 3000 * pollSeconds);

/** Judges every rule by one sample. A GPU that was seen once and is missing now is unavailable. */
export function judge(
  rules: Rule[],
  before: Record<string, RuleState>,
  sample: Sample,
  pace: { now: Now; pollSeconds: number },
): Judged {
  const judged: Judged = { memory: {}, transitions: [] };
  const missing = new Map<string, RuleState[]>();
  for (const state of Object.values(before))
    if (state.gpu !== null && !sample.gpus.some(({ uuid }) => uuid === state.gpu))
      missing.set(state.rule, [...(missing.get(state.rule) ?? []), state]);
  for (const rule of rules) {
    const weigh = (gpu: string | null, reading: Reading): void => {
      const key = keyOf(rule.name, gpu);
      const state = advance(rule, before[key] ?? unread(rule, gpu, pace.now), reading, pace);
      judged.memory[key] = state;
      tell(judged.transitions, { key, rule, state }, before[key]);
    };
    if (!rule.metric.startsWith("gpu.")) weigh(null, machineReading(rule, sample));
    else {
      for (const gpu of sample.gpus) weigh(gpu.uuid, gpu.metrics[rule.metric as GpuMetric]);
      const unavailable = sample.gpusUnavailable ?? "the GPU isn't reported any more";
      for (const { gpu } of missing.get(rule.name) ?? []) weigh(gpu, { unavailable });
    }
  }
  return judged;
}

/** A rule may leave niced CPU time out; a source that can't tell niced time counts all. */
function machineReading({ metric, countNice }: Rule, { machine, withoutNice }: Sample): Reading {
  if (!countNice && withoutNice && (metric === "cpu.total" || metric === "cpu.others"))
    return withoutNice[metric];
  return machine[metric as MachineMetric];
}

const unread = (rule: Rule, gpu: string | null, now: Now): RuleState => ({
  rule: rule.name,
  gpu,
  firm: "clear",
  sinceMs: now.wallMs,
  firmSinceMs: now.monotonicMs,
  leaningSinceMs: null,
  beyondSinceMs: null,
  roomy: false,
  readAtMs: null,
  lastValue: null,
  unavailable: null,
});

function advance(
  rule: Rule,
  state: RuleState,
  reading: Reading,
  pace: { now: Now; pollSeconds: number },
): RuleState {
  const { now } = pace;
  const longest = freshMs(pace.pollSeconds);
  const unavailable =
    "unavailable" in reading
      ? reading.unavailable
      : now.monotonicMs - reading.atMs > longest
        ? `its last reading is ${elapsed(now.monotonicMs - reading.atMs)} old`
        : null;
  if (unavailable !== null || "unavailable" in reading)
    return { ...state, unavailable, leaningSinceMs: null, beyondSinceMs: null, roomy: false };
  const { value, upTo = value, atMs } = reading;
  // Nothing is known of the time in between: a dwell doesn't span it.
  const broken = state.readAtMs === null || state.unavailable !== null || atMs - state.readAtMs > longest;
  const beyond = isBeyond(rule, value);
  const beyondSinceMs = beyond ? ((broken ? null : state.beyondSinceMs) ?? atMs) : null;
  const leans = state.firm === "clear" ? beyond : isClear(rule, value, upTo);
  const leaningSinceMs = leans ? ((broken ? null : state.leaningSinceMs) ?? atMs) : null;
  const dwell = (state.firm === "clear" ? rule.forSeconds : rule.clear.forSeconds) * 1000;
  const read = {
    ...state,
    beyondSinceMs,
    leaningSinceMs,
    roomy: !isBeyond(rule, worst(rule, value, upTo)),
    readAtMs: atMs,
    lastValue: value,
    unavailable: null,
  };
  if (leaningSinceMs === null || atMs - leaningSinceMs < dwell) return read;
  const firm = state.firm === "clear" ? "pressure" : "clear";
  return { ...read, firm, sinceMs: now.wallMs, firmSinceMs: now.monotonicMs, leaningSinceMs: null };
}

/** `upTo` is the most it might be: the worst case of a use, not of what is free. */
const worst = (rule: Rule, value: number, upTo: number): number =>
  rule.above === undefined ? value : Math.max(value, upTo);

export function isBeyond(
  { above, below }: { above?: number | undefined; below?: number | undefined },
  value: number,
): boolean {
  if (above !== undefined) return value > above;
  return below !== undefined && value < below;
}

const isClear = (rule: Rule, value: number, upTo: number): boolean =>
  isBeyond(rule.clear, worst(rule, value, upTo));

function tell(into: Transition[], what: Omit<Transition, "to">, before: RuleState | undefined): void {
  const { state } = what;
  if (state.firm !== (before?.firm ?? "clear")) into.push({ ...what, to: state.firm });
  if (before === undefined || before.lastValue === null) return;
  if (state.unavailable !== null && before.unavailable === null) into.push({ ...what, to: "lost" });
  if (state.unavailable === null && before.unavailable !== null) into.push({ ...what, to: "recovered" });
}

/** Whether a rule says anything but clear: in pressure, beyond its threshold for now, or blind. */
export const holds = ({ firm, roomy, readAtMs }: RuleState): boolean =>
  firm === "pressure" || (readAtMs !== null && !roomy);
