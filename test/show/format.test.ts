import { expect, test } from "vitest";
import * as format from "../../src/show/format.ts";
import { AT } from "./snapshots.ts";

const HOUR = 3_600_000;

test("durations name two units at most", () => {
  expect(
    [0, 999, 45_000, 12 * 60_000, 3 * HOUR, 3 * HOUR + 12 * 60_000, 52 * HOUR].map(format.duration),
  ).toEqual(["0 s", "0 s", "45 s", "12 min", "3 h", "3 h 12 min", "2 d 4 h"]);
  expect(format.duration(-5)).toBe("0 s");
  expect(format.duration(Number.NaN)).toBe("?");
  expect(format.shortDuration(3 * HOUR + 12 * 60_000)).toBe("3 h");
});

test("sizes change unit before they get long", () => {
  expect([0, 0.5, 412, 999.4, 1126, 18_637, 2_097_152].map(format.mebibytes)).toEqual([
    "0 MiB",
    "512 KiB",
    "412 MiB",
    "999 MiB",
    "1.1 GiB",
    "18.2 GiB",
    "2.0 TiB",
  ]);
  expect(format.bytes(1_181_116_006)).toBe("1.1 GiB");
  expect(format.mebibytesOf(300, 24_564)).toBe("0.3 of 24.0 GiB");
  expect(format.mebibytesOf(300, 800)).toBe("300 MiB of 800 MiB");
});

test("times stand beside their day as far as that is needed", () => {
  expect(format.clockTime(AT)).toBe("14:02:19");
  expect(format.when(AT + HOUR, AT)).toBe("15:02");
  expect(format.when(AT + 17 * HOUR, AT)).toBe("Wed 07:02");
  expect(format.when(AT + 240 * HOUR, AT)).toBe("4 Dec 14:02");
  expect(format.whenAndIn(AT + HOUR, AT)).toBe("15:02, in 1 h");
  expect(format.whenAndIn(AT - HOUR, AT)).toBe("13:02");
  expect(format.when(Number.NaN, AT)).toBe("?");
});

test("shares, counts and metrics", () => {
  expect([format.percent(52.4), format.percent(0.42, 1), format.percent(0, 1)]).toEqual([
    "52 %",
    "0.4 %",
    "0 %",
  ]);
  expect(format.count(37_210)).toBe("37,210");
  expect([0.3124, 2.417, 12.44, 0.000012, 0, 91_234, Number.NaN].map(format.metric)).toEqual([
    "0.312",
    "2.42",
    "12.4",
    "1.2e-5",
    "0",
    "91,234",
    "NaN",
  ]);
});

test("a missing reading is null with its reason, never a number", () => {
  expect(format.measured({ unavailable: "no driver" })).toBeNull();
  expect(format.reasonOf({ unavailable: "no driver" })).toBe("no driver");
  expect(format.measured({ value: Number.NaN, atMs: 0 })).toBeNull();
  expect(format.measured({ value: 0, atMs: 0 })).toBe(0);
});
