/** A frame as the lines of a terminal, and what to write to get from one to the next. Pure. */
import { type Palette, paint } from "../draw/lines.ts";
import type { Frame } from "./view-model.ts";

/** Painted lines from the top row down. */
export type Painted = readonly string[];

export const paintFrame = (frame: Frame, palette: Palette): Painted =>
  [frame.header, frame.gauges, frame.jobs, frame.events, frame.page, frame.footer]
    .flat()
    .map((line) => paint(line, palette));

/** The terminal shows all of it at once, where it knows how to. */
const TOGETHER = ["\u001b[?2026h", "\u001b[?2026l"] as const;

/**
 * Control sequences and text that turn a screen that shows `before` into one that shows `after`: only lines that
 * differ are written. Empty where none does.
 */
export function changes(before: Painted, after: Painted): string {
  let text = "";
  for (let row = 0; row < Math.max(before.length, after.length); row++) {
    if (before[row] === after[row]) continue;
    // Erased first: at the end of a full line it would take the last character along.
    text += `\u001b[${row + 1};1H\u001b[K${after[row] ?? ""}`;
  }
  return text === "" ? "" : `${TOGETHER[0]}${text}${TOGETHER[1]}`;
}
