/**
 * Durations in words, rounded to what matters at their length: milliseconds below a tenth of a second,
 * tenths below 10 s, seconds below 10 minutes, minutes below a day, hours above. This gives at most two
 * units, and an error of at most one part in twenty from one second up. Never decides anything.
 */
import { number } from "./number.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The rounding step below each limit. A value that rounds up to the limit gets the next step. */
const STEPS: [below: number, step: number][] = [
  [SECOND / 10, 1],
  [10 * SECOND, SECOND / 10],
  [10 * MINUTE, SECOND],
  [DAY, MINUTE],
  [Number.POSITIVE_INFINITY, HOUR],
];

const UNITS: [unit: string, ms: number][] = [
  ["d", DAY],
  ["h", HOUR],
  ["min", MINUTE],
];

/** From ms: "20 ms", "0.4 s", "45 s", "1 min 35 s", "12 min", "3 h 12 min", "2 d 4 h"; never negative. */
export function duration(ms: number): string {
  return parts(ms).join(" ");
}

/** For a running clock, in whole elapsed seconds: "3 s", never "3.4 s". From ms. */
export const elapsed = (ms: number): string => duration(Math.floor(ms / SECOND) * SECOND);

/** The largest unit alone, for narrow places: "3 h". From ms. */
export const shortElapsed = (ms: number): string => parts(Math.floor(ms / SECOND) * SECOND)[0] ?? "";

/** One text for each nonzero unit, the largest first. */
function parts(ms: number): string[] {
  if (!Number.isFinite(ms)) return ["?"];
  let rest = rounded(Math.max(0, ms));
  if (rest > 0 && rest < SECOND / 10) return [`${rest} ms`];
  const texts: string[] = [];
  for (const [unit, each] of UNITS) {
    const count = Math.floor(rest / each);
    if (count > 0) texts.push(`${number(count)} ${unit}`);
    rest -= count * each;
  }
  if (rest > 0 || texts.length === 0) texts.push(`${number(rest / SECOND)} s`);
  return texts;
}

function rounded(ms: number): number {
  for (const [below, step] of STEPS) {
    const near = Math.round(ms / step) * step;
    if (near < below) return near;
  }
  return ms;
}
