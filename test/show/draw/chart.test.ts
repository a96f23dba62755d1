import { expect, test } from "vitest";
import { type Chart, chartLines } from "../../../src/show/draw/chart.ts";

const drawn = (chart: Partial<Chart>, rows: number): string[] =>
  chartLines({ values: [], from: 0, to: 80, threshold: null, shaded: [], ...chart }, rows).map((line) =>
    line.map(({ text }) => text).join(""),
  );

test("bars rise with the values; what isn't known is empty, what is there shows", () => {
  expect(drawn({ values: [0, 10, 40, 50, 80, null, 200] }, 2)).toEqual([
    "   ▂█ █",
    "▁▂████".replace("████", "███ █"),
  ]);
});

test("the threshold is a line, also through the bars, and what is beyond it has another tone", () => {
  const threshold = { at: 45, acts: "above" } as const;
  const chart = { values: [10, 78, 80, null], from: 0, to: 80, threshold, shaded: [] };
  expect(drawn(chart, 4)).toEqual([" ▇█ ", "╌╪╪╌", " ██ ", "▄██ "]);
  const tones = chartLines(chart, 1)[0]?.map(({ tone }) => tone);
  expect(tones).toEqual(["ours", "bad", "strong"]);
  const below = chartLines({ ...chart, threshold: { at: 45, acts: "below" } }, 1)[0]?.map(({ tone }) => tone);
  expect(below).toEqual(["bad", "ours", "strong"]);
});

test("parts in which it stood still are shaded where no bar is", () => {
  expect(drawn({ values: [40, 40, null], shaded: [false, true, true] }, 2)).toEqual([" ░░", "██░"]);
});

test("equal values and no scale draw something", () => {
  expect(drawn({ values: [5, 5], from: 5, to: 5 }, 1)).toEqual(["▁▁"]);
});
