/**
 * Power over time → each job's energy. A GPU's power belongs to the jobs that hold it, in equal parts; of the
 * host only what the job's CPU use adds is an estimate. What couldn't be read is a gap, never a zero. Pure.
 */
import type { Reading, Sample } from "../../model/machine.ts";
import { holdsRun, type Span } from "../span.ts";
import { type Bill, emptyBill, type Prices } from "./prices.ts";

/** Thinned samples are one a minute; beyond this nobody knows what was between two. */
const GAP_MS = 150_000;

export interface JobEnergy {
  /** Measured by the GPUs themselves. */
  gpu: Bill;
  /** Estimated from CPU use. */
  host: Bill;
  /** While it had a run: how long its GPUs' power, and its CPU use, weren't known. */
  gpuGapMs: number;
  hostGapMs: number;
  /** While it was at work, for what it would have drawn at another time. */
  working: Record<"gpu" | "host", { joules: number; ms: number }>;
}

interface Owner {
  job: string;
  spans: readonly Span[];
  at: number;
  energy: JobEnergy;
}

export interface MeterOptions {
  /** By job. */
  spans: ReadonlyMap<string, readonly Span[]>;
  /** By run id. */
  jobOfRun: ReadonlyMap<string, string>;
  prices: Prices;
  hostWatts: number;
  /** Only between these moments. */
  sinceMs: number;
  untilMs: number;
}

/** `samples`: oldest first. */
export function measure(samples: Iterable<Sample>, options: MeterOptions): Map<string, JobEnergy> {
  const owners = [...options.spans].map(([job, spans]): Owner => {
    const nothing = {
      gpuGapMs: 0,
      hostGapMs: 0,
      working: { gpu: { joules: 0, ms: 0 }, host: { joules: 0, ms: 0 } },
    };
    return { job, spans, at: 0, energy: { gpu: emptyBill(), host: emptyBill(), ...nothing } };
  });
  let before: Sample | null = null;
  let seenMs = options.sinceMs;
  for (const sample of samples) {
    if (before !== null) between(before, sample, owners, options);
    else gap(owners, seenMs, sample.at.wallMs);
    before = sample;
    seenMs = sample.at.wallMs;
  }
  gap(owners, seenMs, options.untilMs);
  return new Map(owners.map(({ job, energy }) => [job, energy]));
}

function between(from: Sample, to: Sample, owners: Owner[], options: MeterOptions): void {
  const [fromMs, toMs] = [from.at.wallMs, to.at.wallMs];
  if (toMs - fromMs > GAP_MS) {
    gap(owners, fromMs, toMs);
    return;
  }
  const held = owners.flatMap((owner) => parts(owner, fromMs, toMs).map((span) => ({ owner, span })));
  const moments = [...new Set(held.flatMap(({ span }) => [span.fromMs, span.toMs]))].sort((a, b) => a - b);
  for (const [index, beginMs] of moments.entries()) {
    const endMs = moments[index + 1] ?? beginMs;
    const now = held.filter(({ span }) => span.fromMs <= beginMs && span.toMs >= endMs);
    if (endMs > beginMs) stretch({ from, to, beginMs, endMs }, now, options);
  }
}

interface Stretch {
  /** The samples before and after it. */
  from: Sample;
  to: Sample;
  beginMs: number;
  endMs: number;
}

/** All of `held` hold their runs through the whole of it. */
function stretch(
  { from, to, beginMs, endMs }: Stretch,
  held: { owner: Owner; span: Span }[],
  options: MeterOptions,
): void {
  const ms = endMs - beginMs;
  for (const { owner, span } of held) {
    const { energy } = owner;
    const host = hostWatts(from, to, owner.job, options);
    let gpu: number | null = 0;
    for (const uuid of span.gpus) {
      const watts = mean(power(from, uuid), power(to, uuid));
      const holders = held.filter((one) => one.span.gpus.includes(uuid)).length;
      gpu = watts === null || gpu === null ? null : gpu + watts / holders;
    }
    if (gpu === null) energy.gpuGapMs += ms;
    else options.prices.add(energy.gpu, gpu, beginMs, endMs);
    if (host === null) energy.hostGapMs += ms;
    else options.prices.add(energy.host, host, beginMs, endMs);
    if (span.state !== "running") continue;
    for (const [part, watts] of [["gpu", gpu] as const, ["host", host] as const]) {
      if (watts === null) continue;
      energy.working[part].joules += (watts * ms) / 1000;
      energy.working[part].ms += ms;
    }
  }
}

/** The parts of its spans between two moments in which it held a run. Moments ascend from call to call. */
function parts(owner: Owner, fromMs: number, toMs: number): Span[] {
  const { spans } = owner;
  while (owner.at < spans.length && (spans[owner.at]?.toMs ?? 0) <= fromMs) owner.at += 1;
  const found: Span[] = [];
  for (let index = owner.at; index < spans.length; index += 1) {
    const span = spans[index];
    if (span === undefined || span.fromMs >= toMs) break;
    if (holdsRun(span.state) || span.state === "unwatched")
      found.push({ ...span, fromMs: Math.max(span.fromMs, fromMs), toMs: Math.min(span.toMs, toMs) });
  }
  return found;
}

function gap(owners: Owner[], fromMs: number, toMs: number): void {
  for (const owner of owners)
    for (const span of parts(owner, fromMs, toMs)) {
      owner.energy.hostGapMs += span.toMs - span.fromMs;
      if (span.gpus.length > 0) owner.energy.gpuGapMs += span.toMs - span.fromMs;
    }
}

const power = ({ gpus }: Sample, uuid: string): number | null => {
  const reading = gpus.find((gpu) => gpu.uuid === uuid)?.metrics["gpu.power"];
  return reading === undefined ? null : known(reading);
};

function hostWatts(from: Sample, to: Sample, job: string, options: MeterOptions): number | null {
  const percent = mean(cpuOf(from, job, options), cpuOf(to, job, options));
  return percent === null ? null : (percent / 100) * options.hostWatts;
}

function cpuOf({ runs }: Sample, job: string, { jobOfRun }: MeterOptions): number | null {
  for (const [id, { cpuPercent }] of Object.entries(runs))
    if (jobOfRun.get(id) === job) return known(cpuPercent);
  return null;
}

const known = (reading: Reading): number | null => ("value" in reading ? reading.value : null);

/** Where only one of two neighbours is known, it stands for both. */
const mean = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : (one + other) / 2;
