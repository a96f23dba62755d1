/** Covers: src/decide/windows/daylight-saving.ts */
import { describe, expect, test } from "vitest";
import { windowStates, windowsOf } from "../../../src/decide/windows/windows.ts";

const iso = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString().replace(".000Z", "Z");

function stateOf(opens: string, closes: string, timezone: string, now: string) {
  const [state] = windowStates([{ name: "w", opens, closes, timezone }], Date.parse(now));
  if (state === undefined) throw new Error("no state");
  return state;
}

const NIGHT = ["0 22 * * *", "0 7 * * *"] as const;

// name, opens, closes, zone, now, open, changes at
const table: [string, string, string, string, string, boolean, string | null][] = [
  ["before it opens", ...NIGHT, "Asia/Shanghai", "2026-11-22T13:59:59.999Z", false, "2026-11-22T14:00:00Z"],
  [
    "opens at the very moment",
    ...NIGHT,
    "Asia/Shanghai",
    "2026-11-22T14:00:00Z",
    true,
    "2026-11-22T23:00:00Z",
  ],
  ["over midnight", ...NIGHT, "Asia/Shanghai", "2026-11-22T16:00:00Z", true, "2026-11-22T23:00:00Z"],
  [
    "closes at the very moment",
    ...NIGHT,
    "Asia/Shanghai",
    "2026-11-22T23:00:00Z",
    false,
    "2026-11-23T14:00:00Z",
  ],
  [
    "just before it closes",
    ...NIGHT,
    "Asia/Shanghai",
    "2026-11-22T22:59:59.999Z",
    true,
    "2026-11-22T23:00:00Z",
  ],
  [
    "midnight opens a day",
    "0 0 * * *",
    "0 12 * * *",
    "UTC",
    "2026-01-01T00:00:00Z",
    true,
    "2026-01-01T12:00:00Z",
  ],
  ["a tie is closed", "0 8 * * *", "0 8 * * *", "UTC", "2026-01-01T08:00:00Z", false, null],
  [
    "a tie among many",
    "0 * * * *",
    "0 8-23 * * *",
    "UTC",
    "2026-01-01T09:30:00Z",
    false,
    "2026-01-02T00:00:00Z",
  ],
  ["leap day, on it", "0 0 29 2 *", "0 0 1 3 *", "UTC", "2028-02-29T10:00:00Z", true, "2028-03-01T00:00:00Z"],
  [
    "leap day, years before",
    "0 0 29 2 *",
    "0 0 1 3 *",
    "UTC",
    "2026-02-28T10:00:00Z",
    false,
    "2028-02-29T00:00:00Z",
  ],
  ["never opens: 30 February", "0 0 30 2 *", "0 7 * * *", "UTC", "2026-05-01T10:00:00Z", false, null],
  [
    "weekend, Saturday night",
    "0 0 * * SAT",
    "0 0 * * MON",
    "UTC",
    "2026-11-21T23:00:00Z",
    true,
    "2026-11-23T00:00:00Z",
  ],
  // Spring forward: London skips 01:00–02:00 on 29 March, New York 02:00–03:00 on 8 March 2026.
  [
    "London: before the gap",
    "30 1 * * *",
    "0 9 * * *",
    "Europe/London",
    "2026-03-29T00:59:59.999Z",
    false,
    "2026-03-29T01:00:00Z",
  ],
  [
    "London: skipped, so at the gap's end",
    "30 1 * * *",
    "0 9 * * *",
    "Europe/London",
    "2026-03-29T01:00:00Z",
    true,
    "2026-03-29T08:00:00Z",
  ],
  [
    "New York: a list is skipped too",
    "0,30 2 * * *",
    "0 7 * * *",
    "America/New_York",
    "2026-03-08T07:00:00Z",
    true,
    "2026-03-08T11:00:00Z",
  ],
  [
    "New York: so is a step",
    "*/20 2 * * *",
    "0 7 * * *",
    "America/New_York",
    "2026-03-08T07:00:00Z",
    true,
    "2026-03-08T11:00:00Z",
  ],
  [
    "New York: both in the gap is a tie",
    "15 2 * * *",
    "45 2 * * *",
    "America/New_York",
    "2026-03-08T07:00:00Z",
    false,
    "2026-03-09T06:15:00Z",
  ],
  [
    "New York: a closing in the gap",
    "0 22 * * *",
    "30 2 * * *",
    "America/New_York",
    "2026-03-08T07:00:00Z",
    false,
    "2026-03-09T02:00:00Z",
  ],
  // Back: London has 01:00–02:00 twice on 25 October, New York on 1 November 2026.
  [
    "London: opens in the first hour",
    "30 1 * * *",
    "0 3 * * *",
    "Europe/London",
    "2026-10-25T00:30:00Z",
    true,
    "2026-10-25T03:00:00Z",
  ],
  [
    "London: stays open in the second",
    "30 1 * * *",
    "0 3 * * *",
    "Europe/London",
    "2026-10-25T01:15:00Z",
    true,
    "2026-10-25T03:00:00Z",
  ],
  [
    "New York: closed once is closed",
    "0 22 * * *",
    "30 1 * * *",
    "America/New_York",
    "2026-11-01T06:00:00Z",
    false,
    "2026-11-02T03:00:00Z",
  ],
  [
    "New York: an hour longer",
    "0 0 * * *",
    "0 4 * * *",
    "America/New_York",
    "2026-11-01T08:30:00Z",
    true,
    "2026-11-01T09:00:00Z",
  ],
  [
    "Shanghai knows no summer time",
    ...NIGHT,
    "Asia/Shanghai",
    "2026-03-29T14:00:00Z",
    true,
    "2026-03-29T23:00:00Z",
  ],
];

test.each(table)("%s", (_name, opens, closes, zone, now, open, changes) => {
  const state = stateOf(opens, closes, zone, now);
  expect({ open: state.open, changes: iso(state.changesAtMs) }).toEqual({ open, changes });
});

describe("what a window tells", () => {
  test("since when it is as it is, though its opening has come again since", () => {
    expect(iso(stateOf("0 * * * *", "30 7 * * *", "UTC", "2026-01-01T12:10:00Z").sinceMs)).toBe(
      "2026-01-01T08:00:00Z",
    );
  });

  test("when it next closes, even while it is closed", () => {
    const state = stateOf(...NIGHT, "Asia/Shanghai", "2026-11-23T06:00:00Z");
    expect([state.open, iso(state.closesAtMs ?? null)]).toEqual([false, "2026-11-23T23:00:00Z"]);
  });

  test("which jobs are bound to it", () => {
    const states = windowStates(
      [
        { name: "all", opens: "0 0 * * *", closes: "0 1 * * *" },
        { name: "one", opens: "0 0 * * *", closes: "0 1 * * *", jobs: ["tts"] },
      ],
      Date.parse("2026-01-01T12:00:00Z"),
    );
    expect(windowsOf("tts", states).map(({ name }) => name)).toEqual(["all", "one"]);
    expect(windowsOf("asr", states).map(({ name }) => name)).toEqual(["all"]);
    expect(windowsOf("asr", states.slice(1))).toEqual([]);
  });
});

test("a clock that is set back shows the state of that time again, and forward again", () => {
  const windows = [{ name: "w", opens: NIGHT[0], closes: NIGHT[1], timezone: "UTC" }];
  const openAt = (now: string): boolean => windowStates(windows, Date.parse(now))[0]?.open ?? false;
  expect(openAt("2026-01-01T23:00:00Z")).toBe(true);
  expect(openAt("2026-01-01T21:00:00Z")).toBe(false);
  expect(openAt("2025-06-01T23:30:00Z")).toBe(true);
  expect(openAt("2026-01-03T12:00:00Z")).toBe(false);
});

test("asked tick by tick and asked afresh, a window gives the same answer on every minute of odd days", () => {
  for (const [zone, day] of [
    ["Europe/London", "2026-03-29"],
    ["America/New_York", "2026-11-01"],
  ] as const) {
    const kept = [{ name: "w", opens: "30 1,13 * * *", closes: "15 2,20 * * *", timezone: zone }];
    let changes = 0;
    let last: boolean | null = null;
    for (let ms = Date.parse(`${day}T00:00:00Z`); ms < Date.parse(`${day}T23:59:00Z`); ms += 5 * 60_000) {
      const [remembered] = windowStates(kept, ms);
      const [fresh] = windowStates(
        [{ ...kept[0], name: "w", opens: "30 1,13 * * *", closes: "15 2,20 * * *" }],
        ms,
      );
      expect({ ...remembered, sinceMs: 0 }).toEqual({ ...fresh, sinceMs: 0 });
      if (last !== null && remembered?.open !== last) changes += 1;
      last = remembered?.open ?? null;
    }
    expect(changes).toBe(4);
  }
});

test("what croner can't read is refused", () => {
  expect(() => windowStates([{ name: "w", opens: "at noon", closes: "0 7 * * *" }], 0)).toThrow();
  expect(() =>
    windowStates([{ name: "w", opens: "0 1 * * *", closes: "0 7 * * *", timezone: "Mars/Base" }], 0),
  ).toThrow();
});
