/**
 * One gauge line and what it is made of: label, bar with thresholds, others' share, ours, the
 * rule. Pure. An unavailable reading says so in words; it is never drawn as zero.
 */
import type { Metric, Reading } from "../model.ts";
import type { RuleView } from "../protocol.ts";
import { gaugeBar, type Mark, type Shares } from "./bars.ts";
import { pad } from "./cells.ts";
import { mebibytes, percent } from "./format.ts";
import { clip, joinFitting, type Line, lineCells, span } from "./lines.ts";

export const LABEL_CELLS = 8;

export const barCells = (width: number): number => Math.max(6, Math.min(32, Math.floor(width / 4)));

export function gauge(label: string, shares: Shares, marks: Mark[], parts: Line[], width: number): Line {
  const pressing = marks.some((mark) => mark.pressing);
  const start: Line = [
    span(pad(label, LABEL_CELLS - 2), pressing ? "bad" : "plain"),
    span(pressing ? "! " : "  ", "bad"),
    ...gaugeBar(shares, marks, barCells(width)),
    span(" "),
  ];
  return [...start, ...joinFitting(parts, width - lineCells(start))];
}

/** Rules' thresholds on one metric, as places on a bar that ends at `whole`. */
export function marksOf(
  rules: RuleView[],
  metric: Metric,
  on: Mark["on"],
  place: (at: number) => number,
  gpu?: string,
): Mark[] {
  return rules
    .filter((view) => view.rule.metric === metric && (gpu === undefined || view.gpu === gpu))
    .map((view) => ({
      at: place(view.rule.above ?? view.rule.below ?? Number.NaN),
      on,
      pressing: view.firm === "pressure",
    }));
}

export function unknownGauge(label: string, reason: string, width: number): Line {
  return clip([span(pad(label, LABEL_CELLS)), span(`unknown: ${reason}`, "warn")], width);
}

export function othersPart(reading: Reading, unit: "%" | "MiB"): Line {
  const show = (value: number): string => (unit === "%" ? percent(value) : mebibytes(value));
  if ("unavailable" in reading) return [span(pad("others ?", 16), "warn")];
  const { value, upTo } = reading;
  const doubtful = upTo !== undefined && show(upTo) !== show(value);
  return [span(pad(`others ${show(value)}${doubtful ? `, up to ${show(upTo)}` : ""}`, 16), "others")];
}

/** `pauses above 60 %`: the first rule on one of `metrics`. */
export function thresholdPart(
  rules: RuleView[],
  metrics: Metric[],
  show: (at: number) => string,
  what = "",
): Line {
  const view = rules.find((one) => metrics.includes(one.rule.metric));
  if (view === undefined) return [];
  const verb = { pause: "pauses", freeze: "freezes", notify: "warns" }[view.rule.action];
  const at = view.rule.above ?? view.rule.below ?? 0;
  const text = `${verb} ${view.rule.above === undefined ? "below" : "above"} ${show(at)}${what}`;
  return [span(text, view.firm === "pressure" ? "bad" : "faint")];
}

export const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
