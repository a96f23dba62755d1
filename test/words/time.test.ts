import { expect, test } from "vitest";
import { clockTime, coming, exactTime, timeAndComing } from "../../src/words/time.ts";

/** A Tuesday. */
const NOW = new Date(2026, 10, 24, 14, 2, 19).getTime();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [new Date(2026, 10, 24, 15, 2), "15:02"],
  [new Date(2026, 10, 24, 0, 0), "00:00"],
  [new Date(2026, 10, 25, 0, 1), "Wed 00:01"],
  [new Date(2026, 10, 23, 9, 12), "Mon 09:12"],
  [new Date(2026, 10, 29, 7, 0), "Sun 07:00"],
  [new Date(2026, 11, 4, 14, 2), "4 Dec 14:02"],
  [new Date(2026, 8, 1, 7, 30), "1 Sep 07:30"],
  [new Date(2027, 0, 2, 10, 0), "2 Jan 2027 10:00"],
  [new Date(Number.NaN), "?"],
])("%s is %s", (at, words) => expect(clockTime(at.getTime(), NOW)).toBe(words));

test("what is coming says when, in whole seconds, until it is now", () => {
  expect(coming(NOW + 300, NOW)).toBe("in 1 s");
  expect(coming(NOW + 9 * DAY, NOW)).toBe("in 9 d");
  expect([coming(NOW, NOW), coming(NOW - DAY, NOW)]).toEqual(["now", "now"]);
  expect(timeAndComing(NOW + HOUR, NOW)).toBe("15:02, in 1 h");
  expect(timeAndComing(NOW - HOUR, NOW)).toBe("13:02");
});

test("the time of day to the second", () => {
  expect([exactTime(NOW), exactTime(Number.NaN)]).toEqual(["14:02:19", "??:??:??"]);
});
