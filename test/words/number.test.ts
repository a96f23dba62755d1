import { expect, test } from "vitest";
import {
  decimals,
  metric,
  number,
  percent,
  percentRange,
  whole,
  wholePercent,
} from "../../src/words/number.ts";

test.each([
  [0, "0"],
  [-0.01, "0"],
  [5, "5"],
  [63.72, "63.7"],
  [99.96, "100"],
  [128.4, "128"],
  [48_210, "48,210"],
  [-1_234_567, "-1,234,567"],
  [Number.NaN, "?"],
])("the number %d is %s", (value, words) => expect(number(value)).toBe(words));

test("a share has its decimal in a sentence, and none on a gauge", () => {
  expect([52.42, 0.42, 100, Number.NaN].map(percent)).toEqual(["52.4 %", "0.4 %", "100 %", "? %"]);
  expect([52.42, 0.42, 100, Number.NaN].map(wholePercent)).toEqual(["52 %", "0 %", "100 %", "? %"]);
  expect([93.6, 1e6].map(whole)).toEqual(["94", "1,000,000"]);
});

test("what a job measures keeps about three digits", () => {
  expect([0.3124, 2.417, 12.44, 0.000012, 0, 91_234, Number.NaN].map(metric)).toEqual([
    "0.312",
    "2.42",
    "12.4",
    "1.2e-5",
    "0",
    "91,234",
    "NaN",
  ]);
});

test("a range on a gauge has one unit, and is one figure where both ends read alike", () => {
  expect([percentRange(71, 74), percentRange(71, 71.2), percentRange(0, 3)]).toEqual([
    "71–74 %",
    "71 %",
    "0–3 %",
  ]);
});

test("is written as Intl writes it, whatever the figure", () => {
  const formats = [
    [0, 0],
    [1, 0],
    [1, 1],
  ].map(([most = 0, least = 0]) => ({
    most,
    least,
    intl: new Intl.NumberFormat("en-US", {
      maximumFractionDigits: most,
      minimumFractionDigits: least,
      signDisplay: "negative",
    }),
  }));
  const spread = Array.from({ length: 20_000 }, () => (Math.random() - 0.5) * 10 ** (Math.random() * 20 - 8));
  const halves = Array.from({ length: 4000 }, (_, i) => (i - 2000) / 20);
  for (const value of [...spread, ...halves, 0, -0, 999.5, 999_999.96])
    for (const { most, least, intl } of formats)
      expect(decimals(value, most, least), `${value}`).toBe(intl.format(value));
});
