/**
 * A question to a driver that is asked again when it is due: as often as its answer changes, and an
 * expensive one only as often as its share of the time allows. Keeps the last answer in between.
 */
import { elapsedMs } from "../../../clock.ts";
import { Refusals } from "../reader/refusals.ts";

/** Share of the time that an expensive question may take, and the longest interval, in ms, whatever it costs. */
const SHARE = 0.02;
const OLDEST_MS = 10_000;

export const NOT_YET = "it hasn't been read yet";

/** `refused`: this GPU or driver doesn't support the question, at least now. */
export interface Answer<T> {
  value: T;
  refused: boolean;
}

export class Timed<T> {
  #dueMs = Number.NEGATIVE_INFINITY;
  /** Earliest time of the next question, even after `hurry`. */
  #restMs = Number.NEGATIVE_INFINITY;
  readonly #refusals = new Refusals();
  #value: T;

  constructor(first: T) {
    this.#value = first;
  }

  get(nowMs: number, everyMs: number, ask: () => Answer<T>): T {
    if (nowMs < this.#dueMs) return this.#value;
    const began = elapsedMs();
    const { value, refused } = ask();
    const restMs = everyMs === 0 ? 0 : Math.min(OLDEST_MS, (elapsedMs() - began) / SHARE);
    this.#value = value;
    this.#restMs = nowMs + restMs;
    if (refused) this.#refusals.refused(nowMs);
    else this.#refusals.answered();
    this.#dueMs = Math.max(this.#refusals.againAtMs, nowMs + Math.max(everyMs, restMs) - everyMs * 0.1);
    return value;
  }

  hurry(): void {
    this.#dueMs = Math.max(this.#restMs, this.#refusals.againAtMs);
  }
}
