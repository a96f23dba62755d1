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

/** What its job's pauses are looked up in, however many they are. */
export interface Past {
  /** Its unwatched spans, by their ends. */
  unwatchedUntil: ReadonlyMap<number, Span>;
  sleeps: readonly Sleep[];
}

/** `spans`: as the events tell them. */
export const pastOf = (spans: readonly Span[], sleeps: readonly Sleep[]): Past => ({
  unwatchedUntil: new Map(
    spans.filter(({ state }) => state === "unwatched").map((span) => [span.toMs, span]),
  ),
  sleeps,
});

/** What was found by a supervisor that had been away had happened before, and nobody knows when. */
export function costed(pause: Pause, { unwatchedUntil, sleeps }: Past): CostedPause {
  const { askedMs, doneMs, resumedMs, goesOnMs } = pause;
  if (doneMs === null || pause.tookMs === null || unwatchedUntil.has(doneMs))
    return { ...pause, tookMs: null, costMs: null };
  const tookMs = Math.min(pause.tookMs, awakeMs(askedMs, doneMs, sleeps));
  if (resumedMs === null || goesOnMs === null) return { ...pause, tookMs, costMs: tookMs };
  const isFound = unwatchedUntil.has(goesOnMs);
  return { ...pause, tookMs, costMs: isFound ? null : tookMs + awakeMs(resumedMs, goesOnMs, sleeps) };
}

/** Until when others were seen to wait for it, without the machine's sleep; wall time. Null: they still do. */
export function waitedForUntil(
  { askedMs, doneMs, overMs, tookMs }: Pause,
  { unwatchedUntil, sleeps }: Past,
): number | null {
  const endMs = doneMs ?? overMs;
  if (endMs === null) return null;
  const unwatched = unwatchedUntil.get(endMs);
  if (unwatched !== undefined) return Math.max(askedMs, unwatched.fromMs);
  return askedMs + Math.min(tookMs ?? endMs - askedMs, awakeMs(askedMs, endMs, sleeps));
}
