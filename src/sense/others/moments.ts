/**
 * A short ring of earlier moments, from which a sample picks where its window begins: at the sample
 * before, so that no time goes unjudged, or, when the guard has called, as recently as means something
 * on a clock of 10 ms ticks. Pure.
 */
import type { LiveRun } from "../../ports/live-run.ts";
import type { Moment } from "./our-cpu.ts";

/** A shorter window is mostly rounding; in ms. One that the guard has judged by is as good as it needs to be. */
const SHORTEST_WINDOW_MS = 100;
const GUARDS_WINDOW_MS = 50;
/** Kept of each kind: ticks may come 50 times a second, looks of the guard 16 times. */
const MOST_MOMENTS = 12;

export class Moments {
  /** The guard's moments come often and mustn't push out the full ones. */
  readonly #full: Moment[] = [];
  readonly #guards: Moment[] = [];

  add(moment: Moment): void {
    const ring = moment.own === null ? this.#guards : this.#full;
    ring.push(moment);
    if (ring.length > MOST_MOMENTS) ring.shift();
  }

  /**
   * Where the window that ends with the full moment `end` begins; null while there is no such moment.
   * `called`: only what the guard has just seen is of interest, not what was before.
   */
  before(end: Moment, runs: readonly LiveRun[], called: boolean): Moment | null {
    const shortestMs = called ? GUARDS_WINDOW_MS : SHORTEST_WINDOW_MS;
    const longAgo = ({ atMs }: Moment): boolean => end.atMs - atMs >= shortestMs;
    const full = this.#full.findLast(longAgo) ?? null;
    const last = this.#full.at(-1);
    if (!called || last === undefined || !noHelpers(last, end)) return full;
    const guards = this.#guards.findLast(
      (moment) => longAgo(moment) && runs.every(({ id }) => moment.cgroups.has(id)),
    );
    return guards && (full === null || guards.atMs > full.atMs) ? guards : full;
  }
}

/** No helper process of the supervisor lives or has ended, so that moments without them are complete. */
function noHelpers(before: Moment, after: Moment): boolean {
  if (before.own?.size !== 1 || after.own?.size !== 1) return false;
  const [earlier] = before.own.values();
  const [later] = after.own.values();
  return earlier?.reaped === later?.reaped;
}
