/**
 * Reports of GPUs and live runs → samples in which ours and others are told apart. Works anew only
 * when a report, the runs or the claims of other supervisors have changed.
 */
import type { Claim, GpuProcess, GpuSample } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { claimOf, runOf } from "../owners/owner.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import { type Known, KnownProcesses } from "./known-processes.ts";
import { isYounger, Newcomers } from "./newcomers.ts";
import type { Report } from "./reader-process.ts";
import { counts, type OwnedProcess, readingsOf, told } from "./readings.ts";
import type { GpuReport, ProcessReport } from "./report.ts";

export interface Ignoring {
  ignore: readonly string[];
  ignoreGpuBelow: number;
}

/** Linux cuts a process's name to so many characters. */
const NAME_LENGTH = 15;

export class GpuAttribution {
  readonly #owners: ProcessOwners;
  readonly #processes: KnownProcesses;
  readonly #blind: string | null;
  readonly #settings: () => Ignoring;
  readonly #newcomers: Newcomers;
  #last: { report: Report; key: string; samples: GpuSample[] } | null = null;

  /**
   * `blind`: why the drivers' pids don't say whose a process is, or null. `arrivals`: when our last run on
   * each GPU began, from before this supervisor.
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

  /** `claims`: of other supervisors, whose jobs aren't somebody who needs the GPU. */
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
      return process ? [{ process, owned: own(one, process, ignore, arrival) }] : [];
    });
    const here = {
      atMs,
      oursHere: runs.some(({ gpus = [] }) => gpus.length === 0 || gpus.includes(gpu.uuid)),
      blind: this.#blind ?? pidsOfAnotherSystem(gpu),
      ignoreBelow: ignoreGpuBelow,
      visited: arrival !== null,
    };
    return {
      uuid: gpu.uuid,
      index: gpu.index,
      name: gpu.name,
      ...memoryOf(gpu, atMs),
      powerLimitWatts: told(gpu.powerLimitWatts, atMs),
      metrics: readingsOf(
        gpu,
        there.map(({ owned }) => owned),
        here,
      ),
      processes: here.blind === null ? there.map((one) => shown(one, ignoreGpuBelow)) : [],
      ...(gpu.throttleReasons && { throttleReasons: gpu.throttleReasons }),
      ...(gpu.instances && {
        instances: gpu.instances.map((part) => ({ uuid: part.uuid, ...memoryOf(part, atMs) })),
      }),
    };
  }

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

/** A process on a GPU, and what of the GPU's is its own. */
interface Present {
  process: Known;
  owned: OwnedProcess;
}

const listed = ({ processes }: GpuReport): ProcessReport[] =>
  typeof processes === "string" ? [] : processes;

/** Why pids say nothing: where even memory is hidden, they are of another system, and that one exists here too proves nothing. */
function pidsOfAnotherSystem(gpu: GpuReport): string | null {
  const [first] = listed(gpu);
  const hidden = listed(gpu).every(({ memoryMiB }) => typeof memoryMiB === "string");
  return first !== undefined && hidden ? String(first.memoryMiB) : null;
}

const memoryOf = (
  { memoryTotalMiB, memoryUsedMiB }: Pick<GpuReport, "memoryTotalMiB" | "memoryUsedMiB">,
  atMs: number,
): Pick<GpuSample, "memoryTotalMiB" | "memoryUsedMiB"> => ({
  memoryTotalMiB: told(memoryTotalMiB, atMs),
  memoryUsedMiB: told(memoryUsedMiB, atMs),
});

function own(
  process: ProcessReport,
  known: Known,
  ignore: readonly string[],
  arrival: number | null,
): OwnedProcess {
  const younger = isYounger(known.evidence.startTime, arrival);
  return { ...process, whose: whose(known, ignore), younger };
}

function whose({ owner, names }: Known, ignore: readonly string[]): OwnedProcess["whose"] {
  // A claimed one stands with ours in every sum: known, and nobody's need.
  if (typeof owner === "object" || owner === "supervisor") return "ours";
  if (owner === "nobody") return "nobody";
  const ignored = ignore.some((program) =>
    names.some((name) => name === program || name === program.slice(0, NAME_LENGTH)),
  );
  return ignored ? "ignored" : "others";
}

function shown({ process: { evidence, owner }, owned }: Present, ignoreBelow: number): GpuProcess {
  const claim = claimOf(owner);
  const ours = owner === "supervisor" ? "supervisor" : runOf(owner);
  const counted = counts(owned, ignoreBelow);
  return {
    ...evidence,
    ...(typeof owned.memoryMiB === "number" && { gpuMemoryMiB: Math.round(owned.memoryMiB) }),
    ...(typeof owned.smPercent === "number" && { gpuPercent: owned.smPercent }),
    ours,
    ...(ours === null && !counted && { counts: false as const }),
    ...(ours === null && counted && owned.younger === true && { newcomer: true as const }),
    ...(claim !== null && { claimed: { user: claim.user, job: claim.job } }),
  };
}
