/**
 * A learned figure: one wrong measurement changes nothing, old ones are forgotten, memory is bounded.
 * Covers: src/model/learned.ts
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Figure, highest, isSure, KEPT, noted, peak, summary, typical } from "../../src/model/figure.ts";
import { learnedSummary } from "../../src/model/learned.ts";

const measurement = fc.double({ min: 0.001, max: 1e9, noNaN: true });
const learnt = (values: number[]): Figure => {
  let figure: Figure | undefined;
  for (const value of values) figure = noted(figure, value);
  if (figure === undefined) throw new Error("nothing was measured");
  return figure;
};
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-3 * Math.max(a, b);

describe("a figure", () => {
  test("keeps a bounded number of measurements, the newest, and counts them all", () => {
    fc.assert(
      fc.property(fc.array(measurement, { minLength: 1, maxLength: 60 }), (values) => {
        const figure = learnt(values);
        expect(figure.count).toBe(values.length);
        expect(figure.recent).toHaveLength(Math.min(KEPT, values.length));
        expect(JSON.stringify(figure).length).toBeLessThan(200);
        expect(JSON.parse(JSON.stringify(figure))).toEqual(figure);
        const { typical: middle, spread, last } = summary(figure);
        expect(near(last, values.at(-1) ?? 0)).toBe(true);
        expect(middle).toBeGreaterThanOrEqual(Math.min(...figure.recent));
        expect(middle).toBeLessThanOrEqual(highest(figure));
        expect(spread).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("isn't moved beyond its other measurements by one wrong one, wherever that comes", () => {
    fc.assert(
      fc.property(
        fc.array(measurement, { minLength: 2, maxLength: KEPT - 1 }),
        fc.nat(KEPT),
        measurement,
        (values, at, wrong) => {
          const others = learnt(values);
          const figure = learnt([...values.slice(0, at), wrong, ...values.slice(at)]);
          expect(isSure(figure)).toBe(true);
          expect(peak(figure)).toBeLessThanOrEqual(highest(others));
          expect(typical(figure)).toBeLessThanOrEqual(highest(others));
          expect(typical(figure)).toBeGreaterThanOrEqual(Math.min(...others.recent));
        },
      ),
    );
  });

  test("falls to what is measured now, whatever was measured before", () => {
    fc.assert(
      fc.property(fc.array(measurement, { maxLength: 40 }), measurement, (before, now) => {
        const figure = learnt([...before, ...Array.from({ length: KEPT }, () => now)]);
        for (const value of [peak(figure), typical(figure), highest(figure)])
          expect(near(value, now)).toBe(true);
      }),
    );
  });

  test("takes nothing that can't be a measurement", () => {
    const figure = learnt([7]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -0.5]) {
      expect(noted(figure, value)).toBe(figure);
      expect(noted(undefined, value)).toBeUndefined();
    }
  });

  test("of too few measurements is their highest: none of them is known to be wrong", () => {
    expect([learnt([4]), learnt([9, 4]), learnt([9, 4, 5])].map(peak)).toEqual([4, 9, 5]);
    expect([learnt([4]), learnt([9, 4]), learnt([9, 4, 5])].map(isSure)).toEqual([false, false, true]);
  });
});

test("what was learned is summed up figure by figure, GPU by GPU", () => {
  const figure = { count: 31, recent: [20, 26, 21, 90, 22] };
  const sum = { count: 31, typical: 22, spread: 2, peak: 26, last: 22 };
  expect(summary(figure)).toEqual(sum);
  expect(learnedSummary({ saveMs: figure, gpuMemoryMiB: { "GPU-a": figure } })).toEqual({
    saveMs: sum,
    gpuMemoryMiB: { "GPU-a": sum },
  });
  expect(learnedSummary({})).toEqual({});
});
