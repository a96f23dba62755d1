/** A frame as the lines of a terminal, and whether anything that is seen has changed between two. Pure. */
import { type Palette, paint } from "../../draw/lines.ts";
import type { Frame } from "../view-model.ts";

/** Painted lines from the top row down; none is empty, since an empty one would have no height. */
export type Painted = readonly string[];

export const paintFrame = (frame: Frame, palette: Palette): Painted =>
  [frame.header, frame.gauges, frame.jobs, frame.events, frame.page, frame.footer]
    .flat()
    .map((line) => paint(line, palette) || " ");

export const looksSame = (one: Painted, other: Painted): boolean =>
  one.length === other.length && one.every((line, row) => line === other[row]);
