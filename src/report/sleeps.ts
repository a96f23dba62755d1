/** When the machine slept, from its two clocks: nothing ran then, and nothing was seen. Pure. */
import type { SampleGap } from "../record/sample-gaps.ts";
import { firstIndex } from "./sorted.ts";
import type { Span, SpanState } from "./span.ts";
import { SILENCE_MS } from "./timeline.ts";

/** Wall times in ms. Of it the machine slept `sleptMs` at least, or its clock was set forward by so much. */
export interface Sleep {
  fromMs: number;
  toMs: number;
  sleptMs: number;
}

/**
 * Between two samples the monotonic clock counts what the machine was awake: a longer stretch without a sign holds
 * sleep. `signs`: wall times of events, ascending.
 */
export function sleepsIn(gaps: readonly SampleGap[], signs: readonly number[]): Sleep[] {
  // After a reboot it counts anew.
  const ofOneBoot = gaps.filter(({ awakeMs }) => awakeMs >= 0);
  return ofOneBoot.flatMap(({ fromMs, toMs, awakeMs }) => {
    const [first, next] = [firstIndex(signs, (ms) => ms > fromMs), firstIndex(signs, (ms) => ms >= toMs)];
    const moments = [fromMs, ...signs.slice(first, next), toMs];
    return moments.slice(1).flatMap((endMs, at) => {
      const beginMs = moments[at] ?? endMs;
      const sleptMs = endMs - beginMs - awakeMs;
      return sleptMs > SILENCE_MS ? [{ fromMs: beginMs, toMs: endMs, sleptMs }] : [];
    });
  });
}

/** How long the machine was awake between two events, as far as its sleeps are known. */
export const awakeMs = (fromMs: number, toMs: number, sleeps: readonly Sleep[]): number =>
  sleeps
    .slice(
      firstIndex(sleeps, (sleep) => sleep.fromMs >= fromMs),
      firstIndex(sleeps, (sleep) => sleep.toMs > toMs),
    )
    .reduce((ms, { sleptMs }) => ms - sleptMs, toMs - fromMs);

/** What a sleeping machine doesn't do; what is paused or held stays so. */
const AT_WORK: readonly SpanState[] = ["running", "starting", "pausing"];

export const withoutSleeps = (spans: readonly Span[], sleeps: readonly Sleep[]): Span[] =>
  spans.flatMap((span) => (AT_WORK.includes(span.state) ? cut(span, sleeps) : [span]));

function cut(span: Span, sleeps: readonly Sleep[]): Span[] {
  const parts: Span[] = [];
  let { fromMs } = span;
  const first = firstIndex(sleeps, ({ toMs }) => toMs > span.fromMs);
  const next = firstIndex(sleeps, (sleep) => sleep.fromMs >= span.toMs);
  for (const sleep of sleeps.slice(first, next)) {
    const [beginMs, endMs] = [Math.max(sleep.fromMs, fromMs), Math.min(sleep.toMs, span.toMs)];
    parts.push({ ...span, fromMs, toMs: beginMs }, { ...span, ...UNSEEN, fromMs: beginMs, toMs: endMs });
    fromMs = endMs;
  }
  return [...parts, { ...span, fromMs }].filter((part) => part.toMs > part.fromMs);
}

const UNSEEN = {
  state: "unwatched",
  actor: null,
  reason: "The machine slept, or its clock was set forward.",
  event: null,
} as const;
