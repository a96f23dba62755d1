/**
 * A short ring of snapshots, from which a sample picks the start of its window: the sample before, so that
 * no time is skipped, or, after a call of the guard, the most recent one that 10 ms ticks can resolve. Pure.
 */
import type { LiveRun } from "../../ports/live-run.ts";
import type { CpuSnapshot } from "./our-cpu.ts";

/** A shorter window is mostly rounding; in ms. A window of the guard only has to confirm its call. */
const SHORTEST_WINDOW_MS = 100;
export const GUARDS_WINDOW_MS = 50;
/** Kept of each kind: up to 50 ticks a second, and 16 looks of the guard. */
const MOST_KEPT = 12;

export class RecentSnapshots {
  /** Kept apart: the guard's frequent snapshots must not push out the full ones. */
  readonly #full: CpuSnapshot[] = [];
  readonly #guards: CpuSnapshot[] = [];

  add(snapshot: CpuSnapshot): void {
    const ring = snapshot.own === null ? this.#guards : this.#full;
    ring.push(snapshot);
    if (ring.length > MOST_KEPT) ring.shift();
  }

  /**
   * Where the window that ends with the full snapshot `end` starts; null while there is no such snapshot.
   * `called`: the window covers only what the guard has just seen.
   */
  before(end: CpuSnapshot, runs: readonly LiveRun[], called: boolean): CpuSnapshot | null {
    const shortestMs = called ? GUARDS_WINDOW_MS : SHORTEST_WINDOW_MS;
    const longAgo = ({ atMs }: CpuSnapshot): boolean => end.atMs - atMs >= shortestMs;
    const full = this.#full.findLast(longAgo) ?? null;
    const last = this.#full.at(-1);
    if (!called || last === undefined || !noHelpers(last, end)) return full;
    const guards = this.#guards.findLast(
      (snapshot) => longAgo(snapshot) && runs.every(({ id }) => snapshot.cgroups.has(id)),
    );
    return guards && (full === null || guards.atMs > full.atMs) ? guards : full;
  }
}

/** No helper process of the supervisor lives or has ended, so snapshots without helpers are complete. */
function noHelpers(before: CpuSnapshot, after: CpuSnapshot): boolean {
  if (before.own?.size !== 1 || after.own?.size !== 1) return false;
  const [earlier] = before.own.values();
  const [later] = after.own.values();
  return earlier?.reaped === later?.reaped;
}
