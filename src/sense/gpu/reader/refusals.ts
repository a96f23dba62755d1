/**
 * When a driver that refuses a question is asked again. A refusal seldom is for ever: MIG comes and goes,
 * a sensor sleeps. So the interval grows with each refusal in a row; what has never worked costs next to
 * nothing.
 */

/** In ms: the first interval, and the longest for what has worked before and for what never has. */
const FIRST_MS = 1000;
const LAST_MS = 60_000;
const NEVER_WORKED_MS = 600_000;

export class Refusals {
  #inARow = 0;
  #hasWorked = false;
  #againAtMs = Number.NEGATIVE_INFINITY;

  /** When to ask again; in the past while nothing is refused. */
  get againAtMs(): number {
    return this.#againAtMs;
  }

  answered(): void {
    this.#inARow = 0;
    this.#hasWorked = true;
    this.#againAtMs = Number.NEGATIVE_INFINITY;
  }

  refused(nowMs: number): void {
    const longest = this.#hasWorked ? LAST_MS : NEVER_WORKED_MS;
    const waitMs = Math.min(longest, FIRST_MS * 2 ** this.#inARow);
    this.#inARow = Math.min(this.#inARow + 1, 20);
    this.#againAtMs = nowMs + waitMs;
  }
}
