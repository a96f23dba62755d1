/**
 * The samples of a period as a few thousand columns for each metric, each with its lowest and highest value:
 * no spike is lost, and the page stays small. Pure.
 */
import type { Rule } from "../../config/schema/schema.ts";
import {
  GPU_METRICS,
  type GpuMetric,
  MACHINE_METRICS,
  type MachineMetric,
  type Reading,
  type Sample,
} from "../../model/machine.ts";
import type { Plots, Series } from "./plots.ts";

/** Of all values in the page, in bytes. */
const BUDGET_BYTES = 1_300_000;
const MOST_COLUMNS = 12_000;
/** Shorter holes lie between two samples of a thinned minute; longer ones are gaps. */
const HOLE_MS = 150_000;

type Metric = MachineMetric | GpuMetric;

interface Columns {
  metric: Metric;
  gpu: string | null;
  low: Float64Array;
  high: Float64Array;
}

/** Takes samples in any order, and has the plots of those that it took. */
export class Plotter {
  readonly #sinceMs: number;
  readonly #lengthMs: number;
  readonly #found = new Map<string, Columns>();
  /** Set by the first sample: how many fit depends on the number of GPUs. */
  #columns = 2;

  constructor({ sinceMs, untilMs }: { sinceMs: number; untilMs: number }) {
    this.#sinceMs = sinceMs;
    this.#lengthMs = untilMs - sinceMs;
  }

  take({ at, machine, gpus }: Sample): void {
    if (this.#found.size === 0) this.#columns = columnsFor(this.#lengthMs, gpus.length);
    const column = Math.floor((at.wallMs - this.#sinceMs) / this.#stepMs);
    for (const metric of MACHINE_METRICS) this.#note(metric, null, column, machine[metric]);
    for (const { index, name, metrics } of gpus)
      for (const metric of GPU_METRICS) this.#note(metric, `GPU ${index} (${name})`, column, metrics[metric]);
  }

  plots(rules: readonly Rule[]): Plots {
    const stepMs = this.#stepMs;
    const series = [...this.#found.values()].sort(byPlace).map((one) => packed(one, rules, stepMs));
    return { fromMs: this.#sinceMs, stepMs, columns: this.#columns, series };
  }

  get #stepMs(): number {
    return this.#lengthMs / this.#columns;
  }

  #note(metric: Metric, gpu: string | null, column: number, reading: Reading): void {
    if (!("value" in reading)) return;
    const key = `${gpu} ${metric}`;
    let known = this.#found.get(key);
    if (known === undefined) {
      const empty = () => new Float64Array(this.#columns).fill(Number.NaN);
      known = { metric, gpu, low: empty(), high: empty() };
      this.#found.set(key, known);
    }
    // NaN is below and above nothing.
    if (!((known.low[column] ?? 0) <= reading.value)) known.low[column] = reading.value;
    if (!((known.high[column] ?? 0) >= reading.value)) known.high[column] = reading.value;
  }
}

function columnsFor(lengthMs: number, gpus: number): number {
  const metrics = MACHINE_METRICS.length + gpus * GPU_METRICS.length;
  // Low and high, two bytes each, in base64.
  const affordable = Math.floor(BUDGET_BYTES / (metrics * 2 * 2 * (4 / 3)));
  return Math.max(2, Math.min(MOST_COLUMNS, affordable, Math.ceil(lengthMs / 1000)));
}

const order = (metric: Metric): number => [...MACHINE_METRICS, ...GPU_METRICS].indexOf(metric);
const byPlace = (a: Columns, b: Columns): number =>
  (a.gpu ?? "").localeCompare(b.gpu ?? "") || order(a.metric) - order(b.metric);

function packed({ metric, gpu, low, high }: Columns, rules: readonly Rule[], stepMs: number): Series {
  for (const values of [low, high]) fill(values, stepMs);
  const [least, most] = [lowest(low), -lowest(high.map((value) => -value))];
  const steps = new Uint16Array(low.length * 2);
  const step = (value: number): number =>
    Number.isNaN(value) ? 65_535 : Math.round(((value - least) / (most - least || 1)) * 65_534);
  for (const [at, value] of low.entries()) steps[at] = step(value);
  for (const [at, value] of high.entries()) steps[low.length + at] = step(value);
  const thresholds = rules
    .filter((rule) => rule.metric === metric)
    .map(({ name, above, below, clear }) => ({
      rule: name,
      value: above ?? below ?? 0,
      clear: clear.below ?? clear.above ?? 0,
    }));
  return { metric, gpu, least, most, data: Buffer.from(steps.buffer).toString("base64"), thresholds };
}

/** A column without a sample has the value of the one before, unless it lies in a gap. */
function fill(values: Float64Array, stepMs: number): void {
  const longest = Math.ceil(HOLE_MS / stepMs);
  let last = Number.NEGATIVE_INFINITY;
  for (const [at, value] of values.entries()) {
    if (Number.isNaN(value)) continue;
    if (at - last > 1 && at - last <= longest) values.fill(values[last] ?? Number.NaN, last + 1, at);
    last = at;
  }
}

function lowest(values: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) if (value < least) least = value;
  return least;
}
