/** Time-of-use prices as a week of minutes on the wall clock, Monday 00:00 first. Pure. */

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export const DAY_MINUTES = 24 * 60;
export const WEEK_MINUTES = DAYS.length * DAY_MINUTES;

export interface Hours {
  days?: readonly (typeof DAYS)[number][] | undefined;
  from: string;
  to: string;
}

/** Minutes of the week, `to` excluded. `by`: two entries that both claim them; none: nobody does. */
export interface Flaw {
  fromMinute: number;
  toMinute: number;
  by: [first: number, second: number] | null;
}

/** "HH:MM" up to "24:00" → minutes of the day; null for anything else. */
export function minuteOf(text: unknown): number | null {
  const clock = typeof text === "string" ? /^([01]\d|2[0-3]):([0-5]\d)$|^24:00$/.exec(text) : null;
  if (clock === null) return null;
  return clock[1] === undefined ? DAY_MINUTES : Number(clock[1]) * 60 + Number(clock[2]);
}

/**
 * Which entry holds in each minute, -1 for none; and every gap and overlap. An entry whose `to` isn't after its
 * `from` goes on into the next day; the day is the one on which it begins.
 */
export function weekOf(entries: readonly Hours[]): { minutes: Int16Array; flaws: Flaw[] } {
  const minutes = new Int16Array(WEEK_MINUTES).fill(-1);
  const flaws: Flaw[] = [];
  const add = (minute: number, by: Flaw["by"]): void => {
    const last = flaws.at(-1);
    const goesOn = last?.toMinute === minute && String(last.by) === String(by);
    if (goesOn) last.toMinute += 1;
    else flaws.push({ fromMinute: minute, toMinute: minute + 1, by });
  };
  for (const [index, entry] of entries.entries())
    for (const minute of minutesOf(entry)) {
      const before = minutes[minute] ?? -1;
      if (before >= 0) add(minute, [before, index]);
      else minutes[minute] = index;
    }
  for (const [minute, entry] of minutes.entries()) if (entry < 0) add(minute, null);
  return { minutes, flaws };
}

function* minutesOf({ days = DAYS, from, to }: Hours): Generator<number> {
  const [first, end] = [minuteOf(from) ?? 0, minuteOf(to) ?? 0];
  const length = end > first ? end - first : end + DAY_MINUTES - first;
  for (const day of new Set(days)) {
    const start = DAYS.indexOf(day) * DAY_MINUTES + first;
    for (let minute = 0; minute < length; minute += 1) yield (start + minute) % WEEK_MINUTES;
  }
}
