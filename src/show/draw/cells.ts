/**
 * Text measured in terminal cells: East Asian characters take two. Everything is neutralised
 * before it is measured, so that what was measured is what is drawn.
 */
import cliTruncate from "cli-truncate";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { neutral } from "../neutral.ts";

/** Only characters of one cell: measured by length, which is most of what is drawn every second. */
const SINGLE = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2190-\u21ff\u2500-\u25ff…·–—‘’“”]*$/;

/** Cells of text that is neutral already. */
export const cellsOf = (text: string): number => (SINGLE.test(text) ? text.length : stringWidth(text));

/** At most `width` cells; what doesn't fit ends in `…`. */
export function shorten(text: string, width: number): string {
  const safe = neutral(text);
  if (width < 1) return "";
  if (cellsOf(safe) <= width) return safe;
  if (SINGLE.test(safe)) return `${safe.slice(0, width - 1).trimEnd()}…`;
  return cliTruncate(safe, width);
}

/** Exactly `width` cells. */
export function pad(text: string, width: number, side: "left" | "right" = "left"): string {
  const fitted = shorten(text, width);
  const space = " ".repeat(Math.max(0, width - cellsOf(fitted)));
  return side === "left" ? fitted + space : space + fitted;
}

/** Lines of at most `width` cells, broken between words where possible. */
export function wrap(text: string, width: number): string[] {
  const safe = neutral(text);
  if (width < 1) return [];
  if (cellsOf(safe) <= width) return [safe];
  const lines = wrapAnsi(safe, width, { hard: true, trim: true }).split("\n");
  // A character of two cells doesn't fit into one.
  return lines.map((line) => shorten(line, width));
}
