/**
 * Who is a newcomer on a GPU: whoever came to it after our run. Remembers for each GPU when our last run
 * on it began, so that a newcomer stays one also once the run has made room.
 */

export class Newcomers {
  /** By UUID, in ticks since boot: when our run on it began. */
  readonly #arrivals: Map<string, number>;

  /** `arrivals`: what is known of runs before this supervisor. */
  constructor(arrivals: ReadonlyMap<string, number>) {
    this.#arrivals = new Map(arrivals);
  }

  /** When the oldest of our runs on this GPU began, or the last one that was there; null while there was none. `begun`: start times of the runs that are there. */
  arrival(uuid: string, begun: readonly number[]): number | null {
    if (begun.length > 0) this.#arrivals.set(uuid, Math.min(...begun));
    return this.#arrivals.get(uuid) ?? null;
  }
}

/** Whether a process began after our run on its GPU; null where one of the two isn't known. */
export const isYounger = (startTime: number | null, arrival: number | null): boolean | null =>
  startTime === null || arrival === null ? null : startTime > arrival;
