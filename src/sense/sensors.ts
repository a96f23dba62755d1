/**
 * All readings of one tick. Synchronous, starts no process, never throws: what can't be read is
 * `unavailable` with the reason. Decides nothing.
 */

import { monotonicMs } from "../clock.ts";
import type { Claim, MachineMetric, ProgramsSeen, Reading, RunUse, Sample } from "../model/machine.ts";
import type { Now } from "../model/time.ts";
import type { LiveRun } from "../ports/live-run.ts";
import type { Sensors } from "../ports/sensors.ts";
import { type GpuSource, noGpus } from "./gpu/source.ts";
import { watchBattery, watchDisk } from "./machine/background.ts";
import { Machine } from "./machine/machine.ts";
import { watchMemoryLimit } from "./machine/memory-limit.ts";
import { MemorySensor } from "./machine/memory-sensor.ts";
import type { MemoryShares } from "./machine/memory-use.ts";
import { createOtherSystemSensors } from "./machine/other-systems.ts";
import { CpuSensor, FIRST_READING } from "./others/cpu-sensor.ts";
import { NamedPrograms } from "./others/named-programs.ts";
import { ProcessOwners } from "./owners/process-owners.ts";
import { hiddenHostPids } from "./proc/container.ts";
import { watchCluster } from "./slurm/cluster-load.ts";

export interface SensorOptions {
  /** A path on the disk that `disk.freeMiB` measures. */
  diskPath: string;
  supervisorPid: number;
  /** Attributes processes, with a memory that may be shared; a private one when left out. */
  owners?: ProcessOwners;
  gpu?: GpuSource;
  /** Prefix of the ids of our own claims. */
  claimant?: string;
  /** Jobs of other supervisors, whose use doesn't count as others'. */
  claims?: () => readonly Claim[];
  /** Partitions of the jobs on Slurm, null for the cluster's default; none when left out. */
  partitions?: () => readonly (string | null)[];
  /** Names of programs that rules are about; none when left out. */
  programs?: () => readonly string[];
  /** Why others' processes can't be seen, null when they can; found out when left out. */
  hidden?: string | null;
}

/** Takes a first look at once, so that a sample 100 ms later has values. */
export function createSensors(options: SensorOptions): Sensors {
  return process.platform === "linux" ? new LinuxSensors(options) : createOtherSystemSensors(options);
}

class LinuxSensors implements Sensors {
  readonly #machine = new Machine();
  readonly #cpu: CpuSensor;
  readonly #programs: NamedPrograms;
  readonly #memory = new MemorySensor();
  readonly #gpu: GpuSource;
  readonly #claimant: string;
  readonly #memoryLimit = watchMemoryLimit();
  readonly #disk: (nowMs: number) => Reading;
  readonly #battery = watchBattery();
  readonly #cluster: ReturnType<typeof watchCluster>;

  constructor(options: SensorOptions) {
    const { supervisorPid, claims } = options;
    const owners = options.owners ?? new ProcessOwners(supervisorPid);
    const hidden = options.hidden === undefined ? hiddenHostPids() : options.hidden;
    this.#cpu = new CpuSensor(this.#machine, { supervisorPid, owners, claims, hidden });
    const patterns = options.programs ?? (() => []);
    this.#programs = new NamedPrograms({ owners, patterns, claims: claims ?? (() => []), hidden });
    this.#gpu = options.gpu ?? noGpus();
    this.#claimant = options.claimant ?? "";
    this.#disk = watchDisk(options.diskPath);
    this.#cluster = watchCluster(options.partitions ?? (() => []));
    this.#cpu.look([], monotonicMs());
  }

  sample(runs: LiveRun[], now: Now): Sample {
    const atMs = now.monotonicMs;
    const look = this.#cpu.look(runs, atMs);
    const memory = this.#machine.memory(atMs, this.#memoryLimit(atMs));
    const shares = this.#memory.read(runs, look.snapshot, memory.usedMiB, atMs);
    const cpu = this.#cpu.read(runs, look);
    const programs = this.#programs.read(runs, atMs);
    const machine: Record<MachineMetric, Reading> = {
      ...cpu.metrics,
      ...memory.metrics,
      ...this.#machine.pressure(atMs),
      "memory.othersMiB": shares.othersMiB,
      "disk.freeMiB": this.#disk(atMs),
      "battery.percent": this.#battery(atMs),
      ...this.#cluster(atMs),
      "process.running": inAll(programs),
    };
    const { gpus, unavailable, expected, claims } = this.#gpu.read(now, runs);
    return {
      at: now,
      machine,
      withoutNice: cpu.withoutNice,
      gpus,
      gpusUnavailable: unavailable,
      ...(expected && { gpusExpected: expected }),
      ...(claims !== undefined && { claims, claimant: this.#claimant }),
      runs: usesOf(runs, cpu.runs, shares),
      foreign: cpu.foreign,
      ...(cpu.looked && { looked: cpu.looked }),
      ...(Object.keys(programs).length > 0 && { programs }),
    };
  }

  guard(othersAbovePercent: number | null, runs: LiveRun[], suspect: () => void): void {
    this.#cpu.guard(othersAbovePercent, runs, suspect);
  }

  close(): void {
    this.#cpu.close();
    this.#memory.close();
    this.#machine.close();
    this.#gpu.close();
  }
}

/** Of all programs that rules name, each process once: what is recorded. */
function inAll(programs: Record<string, ProgramsSeen>): Reading {
  const all = Object.values(programs);
  const unread = all.find((one) => "unavailable" in one);
  if (unread !== undefined || all.length === 0) return unread ?? { unavailable: "no rule names programs" };
  const read = all as Extract<ProgramsSeen, { atMs: number }>[];
  const pids = new Set(read.flatMap(({ processes }) => processes.map(({ pid }) => pid)));
  return { value: pids.size, atMs: Math.min(...read.map(({ atMs }) => atMs)) };
}

function usesOf(
  runs: readonly LiveRun[],
  cpu: Map<string, Reading>,
  shares: MemoryShares,
): Record<string, RunUse> {
  const uses: Record<string, RunUse> = {};
  for (const { id } of runs) {
    const memory = shares.runs.get(id);
    uses[id] = {
      cpuPercent: cpu.get(id) ?? { unavailable: FIRST_READING },
      memoryMiB: memory?.memoryMiB ?? { unavailable: "its processes can't be read" },
      processes: memory?.processes ?? 0,
    };
  }
  return uses;
}
