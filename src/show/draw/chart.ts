/**
 * A course of values as a chart of a few rows: bars, a threshold as a line through them, and the parts in which a
 * job stood still shaded. Pure drawing; reads without colour.
 */
import { type Line, merged, type Span, span, type Tone } from "./lines.ts";

export interface Chart {
  /** From left to right, a cell each; null: nothing is known. */
  values: readonly (number | null)[];
  /** Values at the bottom and at the top. */
  from: number;
  to: number;
  threshold: { at: number; acts: "above" | "below" } | null;
  /** Cells in which it stood still. */
  shaded: readonly boolean[];
}

/** A cell filled from the bottom, by eighths. */
export const EIGHTHS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const LINE = { free: "╌", through: "╪" } as const;
const SHADE = "░";

/** `rows` lines from the top down, one cell for each value. */
export function chartLines(chart: Chart, rows: number): Line[] {
  const span = chart.to - chart.from;
  const height = (value: number): number =>
    span > 0 ? Math.min(rows, Math.max(0, ((value - chart.from) / span) * rows)) : 0;
  const { threshold } = chart;
  const lineRow = threshold === null ? -1 : Math.min(rows - 1, Math.floor(height(threshold.at)));
  return Array.from({ length: rows }, (_, line) => {
    const row = rows - 1 - line;
    return merged(chart.values.map((value, at) => cell(chart, { value, at, row, lineRow, height })));
  });
}

interface Cell {
  value: number | null;
  at: number;
  /** Counted from the bottom. */
  row: number;
  lineRow: number;
  height: (value: number) => number;
}

function cell({ threshold, shaded }: Chart, { value, at, row, lineRow, height }: Cell): Span {
  const beyond =
    threshold !== null &&
    value !== null &&
    (threshold.acts === "above" ? value > threshold.at : value < threshold.at);
  const tone: Tone = beyond ? "bad" : "ours";
  const filled = value === null ? 0 : Math.round((height(value) - row) * 8);
  // A value that is there shows, also at the very bottom.
  const eighths = Math.min(8, Math.max(filled, value !== null && row === 0 ? 1 : 0));
  if (row === lineRow && eighths >= 8) return span(LINE.through, tone);
  if (eighths > 0) return span(EIGHTHS[eighths] ?? "█", tone);
  if (row === lineRow) return span(LINE.free, "strong");
  return shaded[at] ? span(SHADE, "faint") : span(" ");
}
