/** The energy part of the report: what each job used, what that cost, and what it would have cost otherwise. Pure. */
import type { Config } from "../../config/schema/schema.ts";
import type { Sample } from "../../model/machine.ts";
import type { Span } from "../span.ts";
import { type Instead, insteadOf, METHOD } from "./instead.ts";
import { measure } from "./meter.ts";
import { type Bill, emptyBill, type PriceAt, Prices, stretches } from "./prices.ts";

export interface EnergyOf {
  gpu: Bill;
  host: Bill;
  total: Bill;
  /** How long power wasn't known while it had a run; ms. */
  gpuGapMs: number;
  hostGapMs: number;
}

/** `saved`: in the currency; `savedPercent` of what it would have cost. Null where a price is missing. */
export type Comparison = Instead & {
  saved: number | null;
  savedPercent: number | null;
  /** How much later the work was done than it would have been; negative: earlier. */
  laterMs: number | null;
};

export interface JobEnergyReport extends EnergyOf {
  job: string;
  /** Null where no power is known. */
  instead: Comparison[] | null;
}

export interface EnergyReport {
  /** Null without a tariff: then nothing is priced. */
  currency: string | null;
  /** There is no meter that tells what a job draws of the host. */
  hostIs: "estimate";
  hostWatts: number;
  jobs: JobEnergyReport[];
  all: EnergyOf;
  method: string;
}

export interface EnergyMaterial {
  /** By job, within the period. */
  spans: ReadonlyMap<string, readonly Span[]>;
  /** The jobs to tell of; all of `spans` when left out. Others only share what is measured. */
  shown?: ReadonlySet<string>;
  samples: Iterable<Sample>;
  jobOfRun: ReadonlyMap<string, string>;
  series: readonly PriceAt[];
  config: Pick<Config, "tariff" | "energy" | "windows">;
  sinceMs: number;
  untilMs: number;
}

/** Work may be compared with one that would have been done later. */
const BEYOND_MS = 61 * 86_400_000;

export function energyReport(material: EnergyMaterial): EnergyReport {
  const { spans, config, sinceMs, untilMs, series } = material;
  const { tariff, windows } = config;
  const { hostWatts } = config.energy;
  const toMs = untilMs + (windows.length === 0 ? 0 : BEYOND_MS);
  const priced = tariff === undefined ? [] : stretches(tariff, series, { fromMs: sinceMs, toMs });
  const prices = new Prices(priced);
  const measured = measure(material.samples, { ...material, prices, hostWatts });
  const told = [...measured].filter(([job]) => material.shown?.has(job) ?? true);
  const jobs = told.map(([job, energy]): JobEnergyReport => {
    const own = spans.get(job) ?? [];
    const { gpu, host, gpuGapMs, hostGapMs } = energy;
    const total = add([gpu, host]);
    const instead = insteadOf(own, energy, { job, windows, prices });
    const compared = instead?.map((way) => compare(way, total, doneMs(own))) ?? null;
    return { job, gpu, host, total, gpuGapMs, hostGapMs, instead: compared };
  });
  return {
    currency: tariff?.currency ?? null,
    hostIs: "estimate",
    hostWatts,
    jobs,
    all: {
      gpu: add(jobs.map(({ gpu }) => gpu)),
      host: add(jobs.map(({ host }) => host)),
      total: add(jobs.map(({ total }) => total)),
      gpuGapMs: jobs.reduce((sum, { gpuGapMs }) => sum + gpuGapMs, 0),
      hostGapMs: jobs.reduce((sum, { hostGapMs }) => sum + hostGapMs, 0),
    },
    method: METHOD,
  };
}

const doneMs = (spans: readonly Span[]): number | null =>
  spans.findLast(({ state }) => state === "running")?.toMs ?? null;

function compare(way: Instead, actual: Bill, done: number | null): Comparison {
  const known = actual.unpricedKWh === 0 && way.bill.unpricedKWh === 0 && way.doneMs !== null;
  const saved = known ? way.bill.cost - actual.cost : null;
  const savedPercent = saved === null || way.bill.cost <= 0 ? null : (saved / way.bill.cost) * 100;
  return {
    ...way,
    saved,
    savedPercent,
    laterMs: done === null || way.doneMs === null ? null : done - way.doneMs,
  };
}

function add(bills: readonly Bill[]): Bill {
  const sum = emptyBill();
  for (const bill of bills) for (const part of Object.keys(sum) as (keyof Bill)[]) sum[part] += bill[part];
  return sum;
}
