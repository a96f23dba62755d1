/**
 * A drawn line as spans of text with a tone, and its painting in colour, in bold and faint only,
 * or plain. Tones say what a span means, never which colour it has; and no meaning rests on a
 * tone alone, since it must read without colour too.
 */

import { neutral } from "../neutral.ts";
import { cellsOf, shorten } from "./cells.ts";

export type Tone = "plain" | "strong" | "faint" | "good" | "warn" | "bad" | "ours" | "others" | "key";

export interface Span {
  text: string;
  tone: Tone;
}

export type Line = Span[];

/** `mono` keeps bold and faint: NO_COLOR forbids colours only. */
export type Palette = "colour" | "mono" | "none";

/** The 16 colours that every theme defines, so that it reads on light and dark. */
const COLOUR: Record<Tone, string> = {
  plain: "",
  strong: "1",
  faint: "2",
  good: "32",
  warn: "33",
  bad: "31;1",
  ours: "36",
  others: "33",
  key: "1;36",
};
const MONO: Record<Tone, string> = {
  ...COLOUR,
  good: "",
  warn: "1",
  bad: "1",
  ours: "",
  others: "",
  key: "1",
};

export const span = (text: string, tone: Tone = "plain"): Span => ({ text: neutral(text), tone });

export const lineCells = (line: Line): number => line.reduce((sum, part) => sum + cellsOf(part.text), 0);

/** The line cut to `width` cells; a cut shows as `…`. */
export function clip(line: Line, width: number): Line {
  if (lineCells(line) <= width) return line;
  const kept: Line = [];
  let left = width;
  for (const [index, part] of line.entries()) {
    const cells = cellsOf(part.text);
    const moreFollows = line.slice(index + 1).some((later) => later.text !== "");
    if (cells < left || (cells === left && !moreFollows)) {
      kept.push(part);
      left -= cells;
    } else {
      kept.push({ text: shorten(`${part.text}……`, left), tone: part.tone });
      break;
    }
  }
  return kept;
}

/** `left` and `right` at the two ends; `right` goes when there is no room for it. */
export function spread(left: Line, right: Line, width: number): Line {
  const gap = width - lineCells(left) - lineCells(right);
  if (gap < 2) return clip(left, width);
  return [...left, span(" ".repeat(gap)), ...right];
}

/** As many of `parts` as fit whole into `width`, in their order, two spaces apart. */
export function joinFitting(parts: Line[], width: number): Line {
  const out: Line = [];
  let left = width;
  for (const part of parts) {
    const cells = lineCells(part) + (out.length === 0 ? 0 : 2);
    if (cells > left || part.length === 0) continue;
    if (out.length > 0) out.push(span("  "));
    out.push(...part);
    left -= cells;
  }
  return out;
}

/** Cells of one tone in one span. */
export function merged(cells: readonly Span[]): Line {
  const line: Line = [];
  for (const { text, tone } of cells) {
    const last = line.at(-1);
    if (last !== undefined && last.tone === tone) last.text += text;
    else line.push({ text, tone });
  }
  return line;
}

/** The line as text for a terminal. */
export function paint(line: Line, palette: Palette): string {
  const codes = palette === "colour" ? COLOUR : MONO;
  let text = "";
  for (const part of line) {
    const code = palette === "none" ? "" : codes[part.tone];
    text += code === "" ? part.text : `\x1b[${code}m${part.text}\x1b[0m`;
  }
  return text;
}
