/**
 * One gauge line and what it is made of: label, bar with thresholds, others' share, ours, the
 * rule. Pure. An unavailable reading says so in words; it is never drawn as zero.
 */

import type { RuleView } from "../../control/protocol.ts";
import type { Metric, Reading } from "../../model/machine.ts";
import { percentRange } from "../../words/number.ts";
import { sizeRange } from "../../words/size.ts";
import type { Mark } from "./bars.ts";
import { pad } from "./cells.ts";
import { clip, joinFitting, type Line, lineCells, span } from "./lines.ts";

export const LABEL_CELLS = 8;

/** Narrow terminals keep room for the figures. */
export const barCells = (width: number): number =>
  Math.max(6, Math.min(32, Math.floor(width < 100 ? width * 0.19 : width / 4)));

/** A `!` stands beside what a rule presses on now. */
export const label = (name: string, pressing: boolean): Line => [
  span(pad(name, LABEL_CELLS - 2), pressing ? "bad" : "plain"),
  pressing ? span("! ", "bad") : span("  "),
];

/** A label, a bar and as many of `parts` as fit. */
export function gauge(name: Line, bar: Line, parts: Line[], width: number): Line {
  const start: Line = [...name, ...bar, span(" ")];
  return [...start, ...joinFitting(parts, width - lineCells(start))];
}

/** Rules on any of `metrics`, of one GPU where that is given. */
export const rulesOn = (rules: RuleView[], metrics: Metric[], gpu?: string): RuleView[] =>
  rules.filter((view) => metrics.includes(view.rule.metric) && (gpu === undefined || view.gpu === gpu));

export const anyPresses = (rules: RuleView[]): boolean => rules.some((view) => view.firm === "pressure");

/** Rules' thresholds as places on a bar. */
export const marksOf = (rules: RuleView[], on: Mark["on"], place: (at: number) => number): Mark[] =>
  rules.map((view) => ({
    at: place(view.rule.above ?? view.rule.below ?? Number.NaN),
    on,
    pressing: view.firm === "pressure",
  }));

export function unknownGauge(name: string, reason: string, width: number): Line {
  return clip([...label(name, false), span(`unknown: ${reason}`, "warn")], width);
}

/** `others 71 %`, or `others 71–74 %` where more than that can't be told apart. */
export function othersPart(reading: Reading, unit: "%" | "MiB"): Line {
  if ("unavailable" in reading) return [span("others ?".padEnd(15), "warn")];
  const { value, upTo = value } = reading;
  const text = unit === "%" ? percentRange(value, upTo) : sizeRange(value, upTo);
  return [span(`others ${text}`.padEnd(15), "others")];
}

export const oursPart = (text: string): Line => [span(`ours ${text}`.padEnd(13), "ours")];

/** Why others' share isn't known; nothing where it is. */
export const othersReason = (reading: Reading): Line =>
  "unavailable" in reading ? [span(reading.unavailable, "faint")] : [];

/** `pauses above 60 %`: the first rule. */
export function thresholdPart(rules: RuleView[], show: (at: number) => string): Line {
  const view = rules[0];
  if (view === undefined) return [];
  const verb = { pause: "pauses", freeze: "freezes", notify: "warns" }[view.rule.action];
  const at = view.rule.above ?? view.rule.below ?? 0;
  const text = `${verb} ${view.rule.above === undefined ? "below" : "above"} ${show(at)}`;
  return [span(text, view.firm === "pressure" ? "bad" : "faint")];
}

export const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
