/**
 * Converts between instants and a time zone's wall times. A wall time is given as the UTC milliseconds
 * that would show the same digits. Handles both ends of daylight saving: a skipped wall time means the
 * end of the gap, a repeated one means the first.
 */
const DAY_MS = 86_400_000;

export class Zone {
  readonly #format: Intl.DateTimeFormat;

  /** @param name IANA name; the system's zone when left out. */
  constructor(name?: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      ...(name === undefined ? {} : { timeZone: name }),
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** How far the wall clock is ahead of UTC at an instant, in ms. */
  offset(instantMs: number): number {
    const whole = Math.floor(instantMs / 1000) * 1000;
    const part: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(new Date(whole))) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
  }

  wall(instantMs: number): number {
    return instantMs + this.offset(instantMs);
  }

  instant(wallMs: number): number {
    const before = this.offset(wallMs - DAY_MS);
    const after = this.offset(wallMs + DAY_MS);
    for (const offset of [before, after]) if (this.offset(wallMs - offset) === offset) return wallMs - offset;
    return this.#change(wallMs - Math.max(before, after), wallMs - Math.min(before, after));
  }

  /** The first instant of the offset that holds at `lateMs`. */
  #change(earlyMs: number, lateMs: number): number {
    const offset = this.offset(lateMs);
    let [early, late] = [earlyMs, lateMs];
    while (late - early > 1) {
      const middle = Math.floor((early + late) / 2);
      if (this.offset(middle) === offset) late = middle;
      else early = middle;
    }
    return late;
  }
}
