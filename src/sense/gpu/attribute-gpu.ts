/**
 * Attributes GPU use: reports and live runs → samples that tell ours from others'. Recomputes only when a
 * report, the runs or the claims of other supervisors change.
 */
import type { Claim, GpuSample } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { runOf } from "../owners/owner.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import { type Known, KnownProcesses } from "./known-processes.ts";
import { Newcomers } from "./newcomers.ts";
import { type Present, present, shown } from "./present-process.ts";
import type { Report } from "./reader/reader-process.ts";
import { type Circumstances, readingsOf, told } from "./readings.ts";
import type { GpuReport, ProcessReport } from "./report.ts";

export interface Ignoring {
  ignore: readonly string[];
  ignoreGpuBelow: number;
}

export class GpuAttribution {
  readonly #owners: ProcessOwners;
  readonly #processes: KnownProcesses;
  readonly #blind: string | null;
  readonly #settings: () => Ignoring;
  readonly #newcomers: Newcomers;
  #last: { report: Report; key: string; samples: GpuSample[] } | null = null;

  /**
   * `blind`: why the driver's pids identify no process, or null. `arrivals`: when our last run on each GPU
   * began, from before this supervisor.
   */
  constructor(
    owners: ProcessOwners,
    blind: string | null,
    settings: () => Ignoring,
    arrivals: ReadonlyMap<string, number> = new Map(),
  ) {
    this.#owners = owners;
    this.#processes = new KnownProcesses(owners);
    this.#blind = blind;
    this.#settings = settings;
    this.#newcomers = new Newcomers(arrivals);
  }

  /** `claims`: of other supervisors; their jobs don't count as others. */
  samples(report: Report, runs: readonly LiveRun[], claims: readonly Claim[] = []): GpuSample[] {
    const named = claims.map(({ uid, id, pids }) => `${uid} ${id} ${pids.map(({ pid }) => pid)}`);
    const key = [...runs.map(({ id, launcherPid, pid }) => `${id} ${launcherPid} ${pid}`), ...named].join();
    if (this.#last?.report === report && this.#last.key === key) return this.#last.samples;
    const pids = new Set(report.gpus.flatMap((gpu) => listed(gpu).map(({ pid }) => pid)));
    const known = this.#processes.look([...pids], runs, claims);
    const samples = report.gpus.map((gpu) => this.#sample(gpu, known, runs, report.atMs));
    this.#last = { report, key, samples };
    return samples;
  }

  close(): void {
    this.#processes.close();
  }

  #sample(
    gpu: GpuReport,
    known: ReadonlyMap<number, Known>,
    runs: readonly LiveRun[],
    atMs: number,
  ): GpuSample {
    const { ignore, ignoreGpuBelow } = this.#settings();
    const arrival = this.#arrival(gpu, known, runs);
    const there = listed(gpu).flatMap((one): Present[] => {
      const process = known.get(one.pid);
      return process ? [present(one, process, ignore, arrival)] : [];
    });
    const here = {
      atMs,
      oursHere: runs.some(({ gpus = [], noGpu }) => gpus.includes(gpu.uuid) || (gpus.length === 0 && !noGpu)),
      blind: this.#blind ?? gpu.blind ?? null,
      ignoreBelow: ignoreGpuBelow,
      visited: arrival !== null,
    };
    return sampleOf(gpu, there, here);
  }

  /** When our run on this GPU began; null while none has been there. */
  #arrival(gpu: GpuReport, known: ReadonlyMap<number, Known>, runs: readonly LiveRun[]): number | null {
    const here = new Set(runs.flatMap(({ id, gpus }) => (gpus?.includes(gpu.uuid) ? [id] : [])));
    for (const { pid } of listed(gpu)) {
      const run = runOf(known.get(pid)?.owner);
      if (run !== null) here.add(run);
    }
    const begun = [...here].flatMap((run) => this.#owners.begunAt(run) ?? []);
    return this.#newcomers.arrival(gpu.uuid, begun);
  }
}

function sampleOf(gpu: GpuReport, there: Present[], here: Circumstances): GpuSample {
  const { atMs } = here;
  const owned = there.map((one) => one.owned);
  return {
    uuid: gpu.uuid,
    index: gpu.index,
    name: gpu.name,
    source: gpu.source,
    ...(gpu.integrated && { integrated: gpu.integrated }),
    ...(gpu.device && { device: gpu.device }),
    ...(gpu.asleep && { asleep: gpu.asleep }),
    ...memoryOf(gpu, atMs),
    powerLimitWatts: told(gpu.powerLimitWatts, atMs),
    metrics: readingsOf(gpu, owned, here),
    processes: here.blind === null ? there.map((one) => shown(one, here.ignoreBelow)) : [],
    ...(gpu.throttleReasons && { throttleReasons: gpu.throttleReasons }),
    ...(gpu.instances && {
      instances: gpu.instances.map((part) => ({ uuid: part.uuid, ...memoryOf(part, atMs) })),
    }),
  };
}

const listed = ({ processes }: GpuReport): ProcessReport[] =>
  typeof processes === "string" ? [] : processes;

const memoryOf = (
  { memoryTotalMiB, memoryUsedMiB }: Pick<GpuReport, "memoryTotalMiB" | "memoryUsedMiB">,
  atMs: number,
): Pick<GpuSample, "memoryTotalMiB" | "memoryUsedMiB"> => ({
  memoryTotalMiB: told(memoryTotalMiB, atMs),
  memoryUsedMiB: told(memoryUsedMiB, atMs),
});
