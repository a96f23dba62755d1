/** How a replay went over time, in a few dozen columns of equal length. Pure. */

const COLUMNS = 60;

/** Shares from 0 to 1, of what was recorded in each column; null where nothing was. */
export interface CourseFigures {
  stepMs: number;
  /** Of the jobs' time: at work. */
  work: (number | null)[];
  /** Of the time: pressure that others felt. */
  pressure: (number | null)[];
}

export class Course {
  readonly #fromMs: number;
  readonly #stepMs: number;
  readonly #known = new Float64Array(COLUMNS);
  readonly #work = new Float64Array(COLUMNS);
  readonly #pressure = new Float64Array(COLUMNS);

  /** Wall time in ms. */
  constructor({ fromMs, untilMs }: { fromMs: number; untilMs: number }) {
    this.#fromMs = fromMs;
    this.#stepMs = Math.max(1, (untilMs - fromMs) / COLUMNS);
  }

  /** From `fromMs` on for `ms`: the share of the jobs at work, and whether others felt them. */
  add(fromMs: number, ms: number, work: number, isFelt: boolean): void {
    let at = (fromMs - this.#fromMs) / this.#stepMs;
    const end = Math.min(COLUMNS, at + ms / this.#stepMs);
    for (at = Math.max(0, at); at < end; ) {
      const column = Math.floor(at);
      const share = Math.min(column + 1, end) - at;
      this.#known[column] = (this.#known[column] ?? 0) + share;
      this.#work[column] = (this.#work[column] ?? 0) + share * work;
      if (isFelt) this.#pressure[column] = (this.#pressure[column] ?? 0) + share;
      at = column + 1;
    }
  }

  figures(): CourseFigures {
    const shares = (of: Float64Array): (number | null)[] =>
      Array.from(of, (sum, column) => {
        const known = this.#known[column] ?? 0;
        return known === 0 ? null : Math.min(1, sum / known);
      });
    return { stepMs: this.#stepMs, work: shares(this.#work), pressure: shares(this.#pressure) };
  }
}
