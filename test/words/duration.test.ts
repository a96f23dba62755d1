import { expect, test } from "vitest";
import { duration, elapsed, shortElapsed } from "../../src/words/duration.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [0, "0 s"],
  [-5, "0 s"],
  [0.4, "0 s"],
  [20, "20 ms"],
  [99.6, "0.1 s"],
  [400, "0.4 s"],
  [999, "1 s"],
  [2_300, "2.3 s"],
  [9_960, "10 s"],
  [45 * SECOND, "45 s"],
  [59_600, "1 min"],
  [95 * SECOND, "1 min 35 s"],
  [340 * SECOND, "5 min 40 s"],
  [9 * MINUTE + 59_600, "10 min"],
  [12 * MINUTE + 20 * SECOND, "12 min"],
  [59 * MINUTE + 40 * SECOND, "1 h"],
  [3 * HOUR, "3 h"],
  [3 * HOUR + 12 * MINUTE, "3 h 12 min"],
  [23 * HOUR + 59.7 * MINUTE, "1 d"],
  [52 * HOUR, "2 d 4 h"],
  [9 * DAY, "9 d"],
  [1234 * DAY, "1,234 d"],
  [Number.NaN, "?"],
  [Number.POSITIVE_INFINITY, "?"],
])("%d ms is %s", (ms, words) => expect(duration(ms)).toBe(words));

test("is wrong by at most one part in twenty, from a second on", () => {
  const UNITS = { ms: 1, s: SECOND, min: MINUTE, h: HOUR, d: DAY } as const;
  const read = (text: string): number =>
    [...text.matchAll(/([\d.,]+) (\w+)/g)].reduce(
      (sum, [, figure = "", unit]) =>
        sum + Number(figure.replaceAll(",", "")) * UNITS[unit as keyof typeof UNITS],
      0,
    );
  for (let ms = SECOND; ms < 400 * DAY; ms = ms * 1.0007 + 1)
    expect(Math.abs(read(duration(ms)) - ms) / ms, `${ms}: ${duration(ms)}`).toBeLessThanOrEqual(0.05);
});

test("of a clock that runs, whole seconds that have passed", () => {
  expect([999, 3_400, 9_999, 95_900].map(elapsed)).toEqual(["0 s", "3 s", "9 s", "1 min 35 s"]);
  expect([999, 3_400, 3 * HOUR + 12 * MINUTE, 52 * HOUR].map(shortElapsed)).toEqual([
    "0 s",
    "3 s",
    "3 h",
    "2 d",
  ]);
});
