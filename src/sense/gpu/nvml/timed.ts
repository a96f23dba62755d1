/**
 * A question to a driver that is asked again when it is due: as often as its answer changes, and an
 * expensive one only as often as its share of the time allows. Keeps the last answer in between.
 */
import { elapsedMs } from "../../../clock.ts";

/** Share of the time that an expensive question may take, and the longest interval, in ms, whatever it costs. */
const SHARE = 0.02;
const OLDEST_MS = 10_000;

export const NOT_YET = "it hasn't been read yet";

/** `permanent`: asking again won't help. */
export interface Answer<T> {
  value: T;
  permanent: boolean;
}

export class Timed<T> {
  #dueMs = Number.NEGATIVE_INFINITY;
  /** Earliest time of the next question, even after `hurry`. */
  #restMs = Number.NEGATIVE_INFINITY;
  #value: T;

  constructor(first: T) {
    this.#value = first;
  }

  get(nowMs: number, everyMs: number, ask: () => Answer<T>): T {
    if (nowMs < this.#dueMs) return this.#value;
    const began = elapsedMs();
    const { value, permanent } = ask();
    const restMs = everyMs === 0 ? 0 : Math.min(OLDEST_MS, (elapsedMs() - began) / SHARE);
    this.#value = value;
    this.#restMs = nowMs + restMs;
    this.#dueMs = permanent ? Number.POSITIVE_INFINITY : nowMs + Math.max(everyMs, restMs) - everyMs * 0.1;
    return value;
  }

  hurry(): void {
    if (this.#dueMs !== Number.POSITIVE_INFINITY) this.#dueMs = this.#restMs;
  }
}
