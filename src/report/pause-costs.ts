/** What each pause cost, as far as it was seen. Pure. */
import type { Pause } from "./pauses.ts";
import { awakeMs, type Sleep } from "./sleeps.ts";
import type { Span } from "./span.ts";

export interface CostedPause extends Pause {
  /**
   * What the job lost by it: from the request until it had made room, and from the resume to its first new step,
   * without the machine's sleep; ms. Null: nothing yet, or nobody knows.
   */
  costMs: number | null;
}

/** Its job's past: `spans` as the events tell it. */
export interface Past {
  spans: readonly Span[];
  sleeps: readonly Sleep[];
}

/** What was found by a supervisor that had been away had happened before, and nobody knows when. */
export function costed(pause: Pause, { spans, sleeps }: Past): CostedPause {
  const { askedMs, doneMs, resumedMs, goesOnMs } = pause;
  if (doneMs === null || pause.tookMs === null || unwatchedUntil(doneMs, spans) !== null)
    return { ...pause, tookMs: null, costMs: null };
  const tookMs = Math.min(pause.tookMs, awakeMs(askedMs, doneMs, sleeps));
  if (resumedMs === null || goesOnMs === null) return { ...pause, tookMs, costMs: tookMs };
  const isFound = unwatchedUntil(goesOnMs, spans) !== null;
  return { ...pause, tookMs, costMs: isFound ? null : tookMs + awakeMs(resumedMs, goesOnMs, sleeps) };
}

/** Until when others were seen to wait for it, without the machine's sleep; wall time. Null: they still do. */
export function waitedForUntil(
  { askedMs, doneMs, overMs, tookMs }: Pause,
  { spans, sleeps }: Past,
): number | null {
  const endMs = doneMs ?? overMs;
  if (endMs === null) return null;
  const unwatched = unwatchedUntil(endMs, spans);
  if (unwatched !== null) return Math.max(askedMs, unwatched.fromMs);
  return askedMs + Math.min(tookMs ?? endMs - askedMs, awakeMs(askedMs, endMs, sleeps));
}

const unwatchedUntil = (ms: number, spans: readonly Span[]): Span | null =>
  spans.find(({ state, toMs }) => state === "unwatched" && toMs === ms) ?? null;
