/**
 * Advice from history: each rule's thresholds and dwells are varied, one rule at a time, and what is left is
 * the frontier: configs of which none has less pressure without less work. Writes nothing.
 */
import type { Config, Rule } from "../config/schema/schema.ts";
import { MEASURES } from "../decide/rules/measures.ts";
import type { GpuMetric, MachineMetric, Sample } from "../model/machine.ts";
import { duration } from "../words/duration.ts";
import type { History } from "./history/history.ts";
import { told } from "./models/footprints.ts";
import type { Rerunnable } from "./play-config.ts";
import { type Replayed, type ReplayOptions, replay } from "./replay.ts";

/** Of what is written: thresholds, and both dwells. */
const LEVELS = [0.5, 1, 1.5];
const DWELLS = [0, 1, 3];
const CLEAR_DWELLS = [0.2, 1, 3];

export interface Point {
  /** What differs from today's config; null for today's. */
  change: { rule: string; text: string } | null;
  pressureMs: number;
  workMs: number;
  pauses: number;
  /** No other point has less pressure and as much work, or more work and as little pressure. */
  onFrontier: boolean;
}

export interface Suggested extends Omit<Replayed, "configs"> {
  points: Point[];
  /** Rules whose readings never came near a threshold: nothing can be said of them. */
  untried: string[];
}

export async function suggest(
  history: History,
  config: Config,
  options: ReplayOptions = {},
): Promise<Suggested> {
  const felt = nearThreshold(history, config);
  const variants = felt.flatMap((rule) => variantsOf(rule, config));
  const all: (Rerunnable & Pick<Point, "change">)[] = [
    { name: "today", config, yardstick: config, change: null },
    ...variants.map(({ rule, text, config: other }) => ({
      name: `${rule}: ${text}`,
      config: other,
      yardstick: config,
      change: { rule, text },
    })),
  ];
  const { configs, ...rest } = await replay(history, all, options);
  const points = configs.map(
    ({ pressureMs, pauses, jobs }, at): Omit<Point, "onFrontier"> => ({
      change: all[at]?.change ?? null,
      pressureMs,
      workMs: jobs.reduce((sum, { workedMs }) => sum + workedMs, 0),
      pauses,
    }),
  );
  const untried = config.rules.filter((rule) => rule.action !== "notify" && !felt.includes(rule));
  return {
    ...rest,
    points: points.map((one) => ({ ...one, onFrontier: !points.some((other) => isBetter(other, one)) })),
    untried: untried.map(({ name }) => name),
  };
}

type Measured = Pick<Point, "pressureMs" | "workMs">;

const isBetter = (one: Measured, than: Measured): boolean =>
  one.pressureMs <= than.pressureMs &&
  one.workMs >= than.workMs &&
  (one.pressureMs < than.pressureMs || one.workMs > than.workMs);

/** Rules whose readings reach at least the easiest threshold that is tried. */
function nearThreshold(history: History, { rules }: Config): Rule[] {
  const acting = rules.filter(({ action }) => action !== "notify");
  const found = new Set<Rule>();
  for (const sample of history.samples()) {
    for (const rule of acting) if (!found.has(rule) && reaches(rule, sample)) found.add(rule);
    if (found.size === acting.length) break;
  }
  return acting.filter((rule) => found.has(rule));
}

function reaches({ metric, above, below }: Rule, { machine, gpus }: Sample): boolean {
  const values = metric.startsWith("gpu.")
    ? gpus.map(({ metrics }) => told(metrics[metric as GpuMetric]))
    : [told(machine[metric as MachineMetric])];
  const [least, most] = [Math.min(...LEVELS), Math.max(...LEVELS)];
  return values.some((value) => {
    if (value === null) return false;
    return above === undefined ? value < (below ?? 0) * most : value > above * least;
  });
}

interface Variant {
  rule: string;
  text: string;
  config: Config;
}

function variantsOf(rule: Rule, config: Config): Variant[] {
  const found: Variant[] = [];
  for (const level of LEVELS)
    for (const dwell of DWELLS)
      for (const clearDwell of CLEAR_DWELLS) {
        if (level === 1 && dwell === 1 && clearDwell === 1) continue;
        const other = varied(rule, level, dwell, clearDwell);
        // Nothing is above 100 %.
        if (other === null || found.some(({ text }) => text === textOf(other))) continue;
        const rules = config.rules.map((one) => (one === rule ? other : one));
        found.push({ rule: rule.name, text: textOf(other), config: { ...config, rules } });
      }
  return found.filter(({ text }) => text !== textOf(rule));
}

function varied(rule: Rule, level: number, dwell: number, clearDwell: number): Rule | null {
  const scaled = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : Math.round(value * level * 10) / 10;
  const { above, below, clear } = rule;
  const most = MEASURES[rule.metric].show(100).endsWith("%") ? 100 : Number.POSITIVE_INFINITY;
  if ((scaled(above) ?? 0) >= most || (scaled(clear.above) ?? 0) >= most) return null;
  return {
    ...rule,
    ...(above !== undefined && { above: scaled(above) }),
    ...(below !== undefined && { below: scaled(below) }),
    forSeconds: Math.round(rule.forSeconds * dwell),
    clear: {
      forSeconds: Math.round(clear.forSeconds * clearDwell),
      ...(clear.above !== undefined && { above: scaled(clear.above) }),
      ...(clear.below !== undefined && { below: scaled(clear.below) }),
    },
  };
}

/** As it stands in a config: "above 25 for 8 s, clear below 10 for 5 min". */
function textOf({ metric, above, below, forSeconds, clear }: Rule): string {
  const { show } = MEASURES[metric];
  const side = (over: number | undefined, under: number | undefined, seconds: number): string =>
    `${over === undefined ? `below ${show(under ?? 0)}` : `above ${show(over)}`} for ${duration(seconds * 1000)}`;
  return `${side(above, below, forSeconds)}, clear ${side(clear.above, clear.below, clear.forSeconds)}`;
}
