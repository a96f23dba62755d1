/**
 * What each job was seen to use, learned from the samples as they go by: replay adds it where a job runs that
 * didn't then, and takes it away where one ran that doesn't now. What was never seen stays unknown.
 */
import type { GpuSample, Reading, Sample } from "../../model/machine.ts";

/** A job's share of a GPU; null where it was never read while it was alone there. */
export interface GpuUse {
  percent: number | null;
  memoryMiB: number | null;
  watts: number | null;
}

export interface Footprint {
  cpuPercent: number | null;
  memoryMiB: number | null;
  gpu: GpuUse;
}

/** Weight of a new reading: a footprint is what a job usually takes. */
const NEW = 0.05;

/** The reading as a number; null where there is none. */
export const told = (reading: Reading | undefined): number | null =>
  reading !== undefined && "value" in reading ? reading.value : null;

export class Footprints {
  readonly #jobs = new Map<string, Footprint>();
  /** Power of each GPU while no job of ours was on it. */
  readonly #idleWatts = new Map<string, number>();

  of(job: string): Footprint {
    const known = this.#jobs.get(job);
    if (known !== undefined) return known;
    const fresh = { cpuPercent: null, memoryMiB: null, gpu: { percent: null, memoryMiB: null, watts: null } };
    this.#jobs.set(job, fresh);
    return fresh;
  }

  /** `jobOf`: whose a recorded run is. */
  learn(sample: Sample, jobOf: (run: string) => string | null): void {
    for (const run of Object.keys(sample.runs)) {
      const job = jobOf(run);
      if (job === null) continue;
      const known = this.of(job);
      known.cpuPercent = smooth(known.cpuPercent, told(sample.runs[run]?.cpuPercent));
      known.memoryMiB = smooth(known.memoryMiB, told(sample.runs[run]?.memoryMiB));
    }
    for (const gpu of sample.gpus) this.#learnGpu(gpu, jobOf);
  }

  #learnGpu(gpu: GpuSample, jobOf: (run: string) => string | null): void {
    const on = jobsOn(gpu, jobOf);
    const watts = told(gpu.metrics["gpu.power"]);
    const idle = this.#idleWatts.get(gpu.uuid) ?? null;
    if (on.size === 0) {
      const next = smooth(idle, watts);
      if (next !== null) this.#idleWatts.set(gpu.uuid, next);
      return;
    }
    const [job] = on;
    if (job === undefined || on.size > 1) return;
    const { gpu: use } = this.of(job);
    const total = told(gpu.metrics["gpu.utilization"]);
    const others = told(gpu.metrics["gpu.others.utilization"]);
    if (total !== null && others !== null) use.percent = smooth(use.percent, Math.max(0, total - others));
    const held = gpu.processes.reduce(
      (sum, one) => sum + (one.ours === null ? 0 : (one.gpuMemoryMiB ?? 0)),
      0,
    );
    use.memoryMiB = smooth(use.memoryMiB, held);
    if (watts !== null && idle !== null) use.watts = smooth(use.watts, Math.max(0, watts - idle));
  }
}

/** Names of the jobs that have processes there. */
export function jobsOn(gpu: GpuSample, jobOf: (run: string) => string | null): Set<string> {
  const found = new Set<string>();
  for (const { ours } of gpu.processes) {
    const job = ours === null ? null : jobOf(ours);
    if (job !== null) found.add(job);
  }
  return found;
}

const smooth = (known: number | null, value: number | null): number | null =>
  value === null ? known : known === null ? value : known + NEW * (value - known);
