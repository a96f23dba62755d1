/** Advice from history, as plain lines: the frontier, and where today's config is. Pure. */
import type { Point, Suggested } from "../replay/suggest.ts";
import { duration } from "../words/duration.ts";
import { list, plural } from "../words/list.ts";
import { number } from "../words/number.ts";
import { clockTime } from "../words/time.ts";
import { doubtsOf } from "./replay-lines.ts";
import { table } from "./table.ts";

/** `nowMs`: wall time, for dates. */
export function suggestLines(suggested: Suggested, nowMs: number): string[] {
  const { fromMs, untilMs, points, untried } = suggested;
  const shown = points
    .filter(({ onFrontier, change }) => onFrontier || change === null)
    .sort((a, b) => a.pressureMs - b.pressureMs || b.workMs - a.workMs);
  const today = points.find(({ change }) => change === null);
  return [
    `${clockTime(fromMs, nowMs)} to ${clockTime(untilMs, nowMs)}: ${plural(points.length - 1, "other config")} tried, one rule changed in each.`,
    "",
    ...table(
      [["pressure felt", "work done", "pauses", "", "config"], ...shown.map(row)],
      ["right", "right", "right"],
    ),
    "",
    today?.onFrontier
      ? "Today's config is on the frontier: none of the others has less pressure without less work."
      : "Today's config is not on the frontier: those above it have less pressure and as much work, or those below it more work for it.",
    ...(untried.length === 0
      ? []
      : [`Never near a threshold in this history, so nothing can be said of them: ${list(untried)}.`]),
    "",
    ...doubtsOf(suggested).map((doubt) => `- ${doubt}`),
  ];
}

const row = ({ pressureMs, workMs, pauses, change }: Point): string[] => [
  duration(pressureMs),
  duration(workMs),
  number(pauses),
  change === null ? "today" : "",
  change === null ? "" : `${change.rule}: ${change.text}`,
];
