/**
 * A short ring of earlier moments, from which a sample picks where its window begins: long enough
 * ago to mean something on a clock of 10 ms ticks, and as recent as that allows. Pure.
 */
import type { LiveRun } from "../ports.ts";
import type { Moment } from "./ours.ts";

/** A shorter window is mostly rounding; in ms. One that the guard has judged by is as good as it needs to be. */
export const SHORTEST_WINDOW_MS = 100;
export const GUARDS_WINDOW_MS = 50;
const MOST_MOMENTS = 12;

export class Moments {
  #ring: Moment[] = [];

  add(moment: Moment): void {
    this.#ring.push(moment);
    if (this.#ring.length <= MOST_MOMENTS) return;
    // The guard's moments come often: they mustn't push out the full ones.
    const oldestFull = this.#ring.filter(({ own }) => own !== null).slice(-3)[0];
    this.#ring = this.#ring.filter((kept, i) => kept === oldestFull || i >= this.#ring.length - MOST_MOMENTS);
  }

  /** Where the window that ends with the full moment `end` begins; null while there is no such moment. */
  before(end: Moment, runs: readonly LiveRun[], shortestMs: number = SHORTEST_WINDOW_MS): Moment | null {
    const lastFull = this.#ring.findLast(({ own }) => own !== null);
    const quick = lastFull !== undefined && noHelpers(lastFull, end);
    return (
      this.#ring.findLast(
        (moment) =>
          end.atMs - moment.atMs >= shortestMs &&
          (moment.own !== null || (quick && runs.every(({ id }) => moment.cgroups.has(id)))),
      ) ?? null
    );
  }
}

/** No helper process of the supervisor lives or has ended, so that moments without them are complete. */
function noHelpers(before: Moment, after: Moment): boolean {
  if (before.own?.size !== 1 || after.own?.size !== 1) return false;
  const [earlier] = before.own.values();
  const [later] = after.own.values();
  return earlier?.reaped === later?.reaped;
}
