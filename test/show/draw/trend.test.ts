import { expect, test } from "vitest";
import { lineCells, paint, span } from "../../../src/show/draw/lines.ts";
import { gaugeLines } from "../../../src/show/draw/machine-gauges.ts";
import { besideTrends, withTrend } from "../../../src/show/draw/trend.ts";
import * as moments from "../snapshots.ts";

const rising = { shares: [0, null, 0.25, 0.5, 1], pressing: [false, false, false, false, true] };

test("a trend stands at the right end, an eighth of a cell for each eighth of the whole, with gaps", () => {
  const line = withTrend([span("cpu 93 %")], rising, 140);
  expect(lineCells(line)).toBe(140);
  expect(paint(line, "none")).toMatch(/^cpu 93 % +▁ ▂▄█$/);
  expect(line.at(-1)).toEqual({ text: "█", tone: "bad" });
});

test("a line that is too long ends before the trend", () => {
  const line = withTrend([span("x".repeat(200))], rising, 140);
  expect(lineCells(line)).toBe(140);
  expect(paint(line, "none")).toMatch(/^x+… +▁ ▂▄█$/);
});

test("a narrow terminal has room for the figures alone, and so has a dashboard that has seen nothing", () => {
  expect([besideTrends(129, { cpu: rising }), besideTrends(200, {})]).toEqual([129, 200]);
  const quiet = moments.quiet();
  expect(gaugeLines(quiet, 120, 9, { cpu: rising })).toEqual(gaugeLines(quiet, 120, 9));
});

test("each gauge has its own, and none is wider than the terminal", () => {
  const two = moments.gpus(2);
  const uuid = two.gpus[1]?.uuid ?? "";
  const lines = gaugeLines(two, 160, 9, { cpu: rising, [uuid]: rising });
  expect(
    lines.filter((line) => paint(line, "none").endsWith("▁ ▂▄█")).map((line) => line[0]?.text.trim()),
  ).toEqual(["cpu", "gpu 1"]);
  for (const line of lines) expect(lineCells(line)).toBeLessThanOrEqual(160);
});
