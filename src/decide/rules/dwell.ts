/**
 * Debounces one rule's readings with hysteresis: the rule is firmly in pressure or firmly clear, and
 * changes sides only when the other side's threshold has been met for the whole dwell (`forSeconds`,
 * `clear.forSeconds`); between the two thresholds it keeps its side. A long dwell on the clear side is
 * its cool-down. Doubt (`upTo`) and missing readings prevent a resume; they never cause pressure.
 */

import type { Rule } from "../../config/schema/schema.ts";
import type { RuleState } from "../../model/decision.ts";
import type { Reading } from "../../model/machine.ts";
import type { Now } from "../../model/time.ts";
import { elapsed } from "../../words/duration.ts";

/** A reading stays fresh for so many polls, and at least this long. */
const FRESH_POLLS = 3;
const FRESH_AT_LEAST_MS = 3000;

export interface Pace {
  now: Now;
  pollSeconds: number;
}

export const freshMs = (pollSeconds: number): number =>
  Math.max(FRESH_AT_LEAST_MS, FRESH_POLLS * 1000 * pollSeconds);

/** The state before the first reading. */
export const unread = (rule: Rule, gpu: string | null, now: Now): RuleState => ({
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

/** The state on a GPU that sleeps and doesn't tell the reading meanwhile: nothing is lost, and it starts anew. */
export function dormant(rule: Rule, state: RuleState, why: string, now: Now): RuleState {
  const known = state.blind && state.readAtMs === null ? state : unread(rule, state.gpu, now);
  return { ...known, unavailable: why, blind: true };
}

/** Advances the state by one reading. */
export function advance(rule: Rule, state: RuleState, reading: Reading, pace: Pace): RuleState {
  const { now } = pace;
  const longest = freshMs(pace.pollSeconds);
  const unavailable =
    "unavailable" in reading
      ? reading.unavailable
      : now.monotonicMs - reading.atMs > longest
        ? `its last reading is ${elapsed(now.monotonicMs - reading.atMs)} old`
        : null;
  if (unavailable !== null || "unavailable" in reading)
    return { ...state, ...unseen(state, pace), unavailable };
  const { value, upTo = value, atMs, estimated } = reading;
  // The time in between is unknown: a dwell doesn't span it.
  const broken = state.readAtMs === null || state.unavailable !== null || atMs - state.readAtMs > longest;
  const beyond = isBeyond(rule, value);
  const beyondSinceMs = beyond ? ((broken ? null : state.beyondSinceMs) ?? atMs) : null;
  const leans = state.firm === "clear" ? beyond : isClear(rule, value, upTo);
  const leaningSinceMs = leans ? ((broken ? null : state.leaningSinceMs) ?? atMs) : null;
  const dwell = (state.firm === "clear" ? rule.forSeconds : rule.clear.forSeconds) * 1000;
  const { estimated: _, blind: __, ...known } = state;
  const read = {
    ...known,
    ...(estimated !== undefined && { estimated }),
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

/** Without a reading. */
function unseen({ readAtMs, firmSinceMs }: RuleState, { now, pollSeconds }: Pace): Partial<RuleState> {
  const never = readAtMs === null && now.monotonicMs - firmSinceMs >= freshMs(pollSeconds);
  return { leaningSinceMs: null, beyondSinceMs: null, roomy: false, ...(never && { blind: true }) };
}

/** `upTo` is the highest possible value: the worst case for a use, not for what is free. */
const worst = (rule: Rule, value: number, upTo: number): number =>
  rule.above === undefined ? value : Math.max(value, upTo);

function isBeyond(
  { above, below }: { above?: number | undefined; below?: number | undefined },
  value: number,
): boolean {
  if (above !== undefined) return value > above;
  return below !== undefined && value < below;
}

const isClear = (rule: Rule, value: number, upTo: number): boolean =>
  isBeyond(rule.clear, worst(rule, value, upTo));

/** Whether a rule is anything but clear: in pressure, beyond its threshold right now, or without the reading that it had. */
export const holds = ({ firm, roomy, readAtMs }: RuleState): boolean =>
  firm === "pressure" || (readAtMs !== null && !roomy);
