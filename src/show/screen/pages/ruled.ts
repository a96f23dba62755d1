/** A heading with a rule to the end of its line. Pure. */
import { clip, type Line, lineCells, span } from "../../draw/lines.ts";

/** `── jobs ── 2 running · 1 paused ────────` */
export function ruled(title: string, facts: string, width: number): Line {
  const line: Line = [
    span("── ", "faint"),
    span(title, "strong"),
    span(facts === "" ? " " : ` ── ${facts} `, "faint"),
  ];
  return clip([...line, span("─".repeat(Math.max(0, width - lineCells(line))), "faint")], width);
}
