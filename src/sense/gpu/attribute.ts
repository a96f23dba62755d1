/**
 * Reports of GPUs and live runs → samples in which ours and others are told apart. Works anew only
 * when a report or the runs have changed. Remembers for each GPU when our last run on it began, so
 * that whoever came after it stays a newcomer also once it has made room.
 */
import type { Claim, GpuProcess, GpuSample } from "../../model.ts";
import type { LiveRun } from "../../ports.ts";
import { claimOf } from "./claimed.ts";
import { GpuProcesses, type Known } from "./known-processes.ts";
import type { Report } from "./reader-process.ts";
import { counts, type OwnedProcess, readingsOf, told } from "./readings.ts";
import type { GpuReport, ProcessReport } from "./report.ts";

export interface Ignoring {
  ignore: readonly string[];
  ignoreGpuBelow: number;
}

/** Linux cuts a process's name to so many characters. */
const NAME_LENGTH = 15;

export class Attribution {
  readonly #processes: GpuProcesses;
  readonly #blind: string | null;
  readonly #settings: () => Ignoring;
  /** By UUID, in ticks since boot: when our run on it began. */
  readonly #arrivals: Map<string, number>;
  #last: { report: Report; key: string; samples: GpuSample[] } | null = null;

  /**
   * `blind`: why the drivers' pids don't say whose a process is, or null. `arrivals`: what is known of
   * runs before this supervisor.
   */
  constructor(
    supervisorPid: number,
    blind: string | null,
    settings: () => Ignoring,
    arrivals: ReadonlyMap<string, number> = new Map(),
  ) {
    this.#processes = new GpuProcesses(supervisorPid);
    this.#blind = blind;
    this.#settings = settings;
    this.#arrivals = new Map(arrivals);
  }

  /** `claims`: of other supervisors, whose jobs aren't somebody who needs the GPU. */
  samples(report: Report, runs: readonly LiveRun[], claims: readonly Claim[] = []): GpuSample[] {
    const named = claims.map(({ uid, id, pids }) => `${uid} ${id} ${pids.map(({ pid }) => pid)}`);
    const key = [...runs.map(({ id, launcherPid, pid }) => `${id} ${launcherPid} ${pid}`), ...named].join();
    if (this.#last?.report === report && this.#last.key === key) return this.#last.samples;
    const pids = new Set(report.gpus.flatMap((gpu) => listed(gpu).map(({ pid }) => pid)));
    const owners = this.#processes.look([...pids], runs);
    const samples = report.gpus.map((gpu) => this.#sample(gpu, owners, { runs, claims, atMs: report.atMs }));
    this.#last = { report, key, samples };
    return samples;
  }

  close(): void {
    this.#processes.close();
  }

  #sample(
    gpu: GpuReport,
    owners: ReadonlyMap<number, Known>,
    { runs, claims, atMs }: { runs: readonly LiveRun[]; claims: readonly Claim[]; atMs: number },
  ): GpuSample {
    const settings = this.#settings();
    const arrival = this.#arrival(gpu, owners, runs);
    const there = listed(gpu).flatMap((one) => {
      const known = owners.get(one.pid);
      if (known === undefined) return [];
      const claim = typeof known.owner === "object" ? null : claimOf(known, claims);
      const owned = own(one, known, settings.ignore, arrival);
      // In every sum it stands with ours: known, and nobody's need.
      return [{ known, claim, owned: claim === null ? owned : { ...owned, whose: "ours" as const } }];
    });
    // Where even memory is hidden, pids are of another system: that one exists here too proves nothing.
    const [first] = listed(gpu);
    const hidden = listed(gpu).every(({ memoryMiB }) => typeof memoryMiB === "string");
    const foreignPids = first !== undefined && hidden ? String(first.memoryMiB) : null;
    const oursHere = runs.some(({ gpus = [] }) => gpus.length === 0 || gpus.includes(gpu.uuid));
    const here = {
      atMs,
      oursHere,
      blind: this.#blind ?? foreignPids,
      ignoreBelow: settings.ignoreGpuBelow,
      visited: arrival !== null,
    };
    const owned = there.map((one) => one.owned);
    return {
      uuid: gpu.uuid,
      index: gpu.index,
      name: gpu.name,
      memoryTotalMiB: told(gpu.memoryTotalMiB, atMs),
      memoryUsedMiB: told(gpu.memoryUsedMiB, atMs),
      powerLimitWatts: told(gpu.powerLimitWatts, atMs),
      metrics: readingsOf(gpu, owned, here),
      processes:
        here.blind === null
          ? there.map(({ known, owned, claim }) => ({
              ...evidenceOf(known, owned, counts(owned, here.ignoreBelow)),
              ...(claim !== null && { claimed: { user: claim.user, job: claim.job } }),
            }))
          : [],
      ...(gpu.throttleReasons && { throttleReasons: gpu.throttleReasons }),
      ...(gpu.instances && {
        instances: gpu.instances.map(({ uuid, memoryTotalMiB, memoryUsedMiB }) => ({
          uuid,
          memoryTotalMiB: told(memoryTotalMiB, atMs),
          memoryUsedMiB: told(memoryUsedMiB, atMs),
        })),
      }),
    };
  }

  /** When the oldest of our runs on this GPU began, or the last one that was there. */
  #arrival(gpu: GpuReport, owners: ReadonlyMap<number, Known>, runs: readonly LiveRun[]): number | null {
    const here = new Set(runs.flatMap(({ id, gpus }) => (gpus?.includes(gpu.uuid) ? [id] : [])));
    for (const { pid } of listed(gpu)) {
      const owner = owners.get(pid)?.owner;
      if (typeof owner === "object") here.add(owner.run);
    }
    const begun = [...here].flatMap((run) => this.#processes.begunAt(run) ?? []);
    if (begun.length > 0) this.#arrivals.set(gpu.uuid, Math.min(...begun));
    return this.#arrivals.get(gpu.uuid) ?? null;
  }
}

const listed = ({ processes }: GpuReport): ProcessReport[] =>
  typeof processes === "string" ? [] : processes;

function own(
  process: ProcessReport,
  known: Known,
  ignore: readonly string[],
  arrival: number | null,
): OwnedProcess {
  const younger = known.startTime === null || arrival === null ? null : known.startTime > arrival;
  return { ...process, whose: whose(known, ignore), younger };
}

function whose({ owner, names }: Known, ignore: readonly string[]): OwnedProcess["whose"] {
  if (typeof owner === "object" || owner === "supervisor") return "ours";
  if (owner === "nobody") return "nobody";
  const ignored = ignore.some((program) =>
    names.some((name) => name === program || name === program.slice(0, NAME_LENGTH)),
  );
  return ignored ? "ignored" : "others";
}

function evidenceOf(known: Known, owned: OwnedProcess, counted: boolean): GpuProcess {
  const { pid, startTime, uid, user, command, owner } = known;
  const ours = typeof owner === "object" ? owner.run : owner === "supervisor" ? "supervisor" : null;
  return {
    pid,
    startTime,
    user,
    ...(uid !== null && uid !== process.getuid?.() && { otherUser: true as const }),
    command,
    ...(typeof owned.memoryMiB === "number" && { gpuMemoryMiB: Math.round(owned.memoryMiB) }),
    ...(typeof owned.smPercent === "number" && { gpuPercent: owned.smPercent }),
    ours,
    ...(ours === null && !counted && { counts: false as const }),
    ...(ours === null && counted && owned.younger === true && { newcomer: true as const }),
  };
}
