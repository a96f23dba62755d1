/**
 * Decides which processes are newcomers on a GPU: those that started after our run there. Remembers when
 * our last run on each GPU began, so a newcomer stays one after the run has made room.
 */

export class Newcomers {
  /** By UUID, in ticks since boot: when our run on it began. */
  readonly #arrivals: Map<string, number>;

  /** `arrivals`: the same from before this supervisor. */
  constructor(arrivals: ReadonlyMap<string, number>) {
    this.#arrivals = new Map(arrivals);
  }

  /** When the oldest of our runs on this GPU began, else the last one that was there; null before the first. `begun`: start times of the runs there now. */
  arrival(uuid: string, begun: readonly number[]): number | null {
    if (begun.length > 0) this.#arrivals.set(uuid, Math.min(...begun));
    return this.#arrivals.get(uuid) ?? null;
  }
}

/** Whether a process started after our run on its GPU; null where either start is unknown. */
export const isYounger = (startTime: number | null, arrival: number | null): boolean | null =>
  startTime === null || arrival === null ? null : startTime > arrival;
