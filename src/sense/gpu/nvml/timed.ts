/**
 * A question to a driver that is asked again when its time has come: how often it is worth it, and a
 * dear one so rarely that it takes up little of the time. Keeps the last answer in between.
 */
import { elapsedMs } from "../../../clock.ts";

/** A dear question is asked so rarely that it takes up about this part of the time, and at least so often. */
const SHARE = 0.02;
const OLDEST_MS = 10_000;

/** `permanent`: asking again won't help. */
export interface Answer<T> {
  value: T;
  permanent: boolean;
}

export class Timed<T> {
  #dueMs = Number.NEGATIVE_INFINITY;
  /** Not asked again before, however much it hurries. */
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
