/** Stretches of a job's life as the audit log shows them. Pure. */
import type { Actor } from "../model/actor.ts";
import type { StateName } from "../model/state.ts";
import { firstIndex } from "./sorted.ts";

/**
 * The states of ARCHITECTURE.md, but for two: `ended` is finished, failed or cancelled, and `unwatched` is
 * the time in which no supervisor looked at a run, and of which the next one couldn't tell what the run did.
 * `starting` lasts until a resumed job has made its first new step. A first start counts as running at once:
 * no event tells of its first step.
 */
export const SPAN_STATES = [
  "running",
  "starting",
  "pausing",
  "paused",
  "standby",
  "frozen",
  "waiting",
  "unwatched",
  "ended",
] as const satisfies readonly (StateName | "unwatched" | "ended")[];
export type SpanState = (typeof SPAN_STATES)[number];

/** Wall times in ms; `toMs` is the next span's `fromMs`. */
export interface Span {
  state: SpanState;
  fromMs: number;
  toMs: number;
  /** Who or what brought it into this state, and why: a sentence of the audit log. */
  actor: Actor | null;
  reason: string;
  run: number | null;
  /** The GPUs (UUIDs) that its run was placed on. */
  gpus: string[];
  /** The audit row that began it; null where no row tells. */
  event: number | null;
}

/** States in which the job holds its run. */
export const holdsRun = (state: SpanState): boolean =>
  ["running", "starting", "pausing", "standby", "frozen"].includes(state);

/** The parts of the spans within a period. */
export const within = (spans: readonly Span[], sinceMs: number, untilMs: number): Span[] =>
  spans
    .map((span) => ({
      ...span,
      fromMs: Math.max(span.fromMs, sinceMs),
      toMs: Math.min(span.toMs, untilMs),
    }))
    .filter(({ fromMs, toMs }) => toMs > fromMs);

/** When the stretch of work began that a pause ended; null where it ended none. `spans`: of one job. */
export function runningSince(spans: readonly Span[], askedMs: number): number | null {
  const next = firstIndex(spans, ({ fromMs }) => fromMs >= askedMs);
  const isWork = ({ state }: Span): boolean => state === "running" || state === "starting";
  let first = next;
  while (first > 0 && isWork(spans[first - 1] as Span)) first--;
  return first === next ? null : (spans[first]?.fromMs ?? null);
}

/** What is known of a job beside its events. */
export interface KnownJob {
  name: string;
  /** Its state now, where it is one that no event tells apart. */
  state: string;
  sinceMs: number;
  /** No config names it any more: how long it stayed in its last state isn't known. */
  gone: boolean;
}
