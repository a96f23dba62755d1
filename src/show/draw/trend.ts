/**
 * How a gauge moved lately, as one row of bars at the right end of its line. The parts in which a rule saw pressure
 * stand out; what it did then, the events tell. Pure drawing.
 */
import { EIGHTHS } from "./chart.ts";
import { clip, type Line, lineCells, merged, type Span, span } from "./lines.ts";

/** Of equal parts of time, newest last. */
export interface Trend {
  /** The highest share of the whole in each part, 0 to 1; null: nothing was seen. */
  shares: readonly (number | null)[];
  /** Parts in which a rule on it saw pressure. */
  pressing: readonly boolean[];
}

/** By the name of the gauge: `cpu`, `memory`, or a GPU's UUID. */
export type Trends = Readonly<Record<string, Trend>>;

/** Narrower terminals have room for the figures alone. */
const FROM_WIDTH = 130;
export const CELLS = 24;
const GAP = 2;

/** Cells of `width` that are left for the gauges themselves. */
export const besideTrends = (width: number, trends: Trends): number =>
  width < FROM_WIDTH || Object.keys(trends).length === 0 ? width : width - CELLS - GAP;

/** The gauge's line, with its trend at the right end of `width`. */
export function withTrend(line: Line, trend: Trend | undefined, width: number): Line {
  if (trend === undefined) return line;
  const room = width - CELLS - GAP;
  const short = clip(line, room);
  return [...short, span(" ".repeat(room - lineCells(short) + GAP)), ...bars(trend)];
}

function bars({ shares, pressing }: Trend): Line {
  const cells = shares.map(
    (share, at): Span => ({
      text: glyphOf(share),
      tone: pressing[at] ? "bad" : "faint",
    }),
  );
  return merged([span(" ".repeat(Math.max(0, CELLS - cells.length))), ...cells.slice(-CELLS)]);
}

/** What is there shows, also next to nothing. */
function glyphOf(share: number | null): string {
  if (share === null) return " ";
  return EIGHTHS[Math.min(8, Math.max(1, Math.round(share * 8)))] ?? "█";
}
