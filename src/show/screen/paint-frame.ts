/** A frame as the text of its parts, and whether anything visible has changed between two. Pure. */
import { type Palette, paint } from "../draw/lines.ts";
import type { Frame } from "./view-model.ts";

/** Painted lines of each part, joined by line breaks; an empty part isn't drawn. */
export type Painted = Record<keyof Frame, string>;

export function paintFrame(frame: Frame, palette: Palette): Painted {
  // An empty line would have no height.
  const text = (part: keyof Frame): string =>
    frame[part].map((line) => paint(line, palette) || " ").join("\n");
  return {
    header: text("header"),
    gauges: text("gauges"),
    jobs: text("jobs"),
    events: text("events"),
    page: text("page"),
    footer: text("footer"),
  };
}

export const looksSame = (a: Painted, b: Painted): boolean =>
  (Object.keys(a) as (keyof Painted)[]).every((part) => a[part] === b[part]);
