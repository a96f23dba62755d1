/**
 * All readings of one tick. Synchronous, starts no process, never throws: what can't be read is
 * `unavailable` with its reason. Nothing here decides anything.
 */

import { monotonicMs } from "../clock.ts";
import type { Claim, MachineMetric, Reading, RunUse, Sample } from "../model/machine.ts";
import type { Now } from "../model/time.ts";
import type { LiveRun } from "../ports/live-run.ts";
import type { Sensors } from "../ports/sensors.ts";
import { type GpuSource, noGpus } from "./gpu/source.ts";
import { watchBattery, watchDisk } from "./machine/background.ts";
import { Machine } from "./machine/machine.ts";
import { watchMemoryLimit } from "./machine/memory-limit.ts";
import { type MemoryShares, shareMemory, stillHeld } from "./machine/memory-use.ts";
import { createOtherSystemSensors } from "./machine/other-systems.ts";
import { Others, type OthersUse } from "./others/attribute-cpu.ts";
import { Guard } from "./others/guard.ts";
import { Moments } from "./others/moments.ts";
import { type Moment, Ours, type Window } from "./others/our-cpu.ts";
import { ProcessOwners } from "./owners/process-owners.ts";
import { hiddenHostPids } from "./proc/container.ts";
import { KeptFiles } from "./proc/kept-file.ts";

export interface SensorOptions {
  /** Its disk is the one that `disk.freeMiB` is about. */
  diskPath: string;
  supervisorPid: number;
  /** Whose processes are, with a memory that others may share; its own when left out. */
  owners?: ProcessOwners;
  gpu?: GpuSource;
  /** What the ids of our own claims begin with. */
  claimant?: string;
  /** Jobs of other supervisors, whose use isn't that of others. */
  claims?: () => readonly Claim[];
  /** Why others' processes can't be seen, or null when they can; found out when left out. */
  hidden?: string | null;
}

/** Memory of processes is read so often, in ms: it costs a read for each process of ours. Every second one-second tick. */
const MEMORY_EVERY_MS = 1900;
/** While what the machine uses stays within this part of the last look, whose it is holds for longer; in ms. */
const STEADY = 0.01;
const STEADY_EVERY_MS = 9900;

/** Looks for the first time at once, so that a sample 100 ms later has figures. */
export function createSensors(options: SensorOptions): Sensors {
  return process.platform === "linux" ? new LinuxSensors(options) : createOtherSystemSensors(options);
}

class LinuxSensors implements Sensors {
  readonly #machine = new Machine();
  readonly #moments = new Moments();
  readonly #ours: Ours;
  readonly #others: Others;
  readonly #guard: Guard;
  readonly #gpu: GpuSource;
  readonly #claimant: string;
  readonly #hidden: string | null;
  readonly #memoryFiles = new KeptFiles();
  readonly #memoryLimit = watchMemoryLimit();
  readonly #disk: (nowMs: number) => Reading;
  readonly #battery = watchBattery();
  #newest: Moment | null = null;
  #hasMet = false;
  #shares: MemoryShares | null = null;
  #sharedAtMs = Number.NEGATIVE_INFINITY;
  #sharedUsedMiB = Number.NaN;

  constructor(options: SensorOptions) {
    this.#ours = new Ours(options.supervisorPid);
    const owners = options.owners ?? new ProcessOwners(options.supervisorPid);
    this.#others = new Others(owners, this.#ours, options.claims);
    this.#guard = new Guard(this.#machine, this.#ours, this.#moments);
    this.#gpu = options.gpu ?? noGpus();
    this.#claimant = options.claimant ?? "";
    this.#hidden = options.hidden === undefined ? hiddenHostPids() : options.hidden;
    this.#disk = watchDisk(options.diskPath);
    this.#look([], monotonicMs());
  }

  sample(runs: LiveRun[], now: Now): Sample {
    const atMs = now.monotonicMs;
    const seen = this.#look(runs, atMs);
    const memory = this.#machine.memory(atMs, this.#memoryLimit(atMs));
    const shares = this.#shareMemory(runs, seen.moment, memory.usedMiB, atMs);
    const cpu = this.#judge(runs, seen);
    const machine: Record<MachineMetric, Reading> = {
      ...cpu.metrics,
      ...memory.metrics,
      ...this.#machine.pressure(atMs),
      "memory.othersMiB": shares.othersMiB,
      "disk.freeMiB": this.#disk(atMs),
      "battery.percent": this.#battery(atMs),
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
    };
  }

  guard(othersAbovePercent: number | null, runs: LiveRun[], suspect: () => void): void {
    const threshold = this.#hidden === null ? othersAbovePercent : null;
    if (threshold !== null && !this.#hasMet && this.#newest) {
      this.#hasMet = true;
      this.#others.meet(this.#newest, runs);
    }
    this.#guard.set(threshold, runs, suspect);
  }

  close(): void {
    this.#guard.stop();
    this.#ours.close();
    this.#memoryFiles.close();
    this.#machine.close();
    this.#gpu.close();
  }

  /** Looks now; the window reaches back to a fitting earlier look. */
  #look(runs: readonly LiveRun[], atMs: number): Look {
    const cpu = this.#machine.cpuTimes();
    if ("unavailable" in cpu) return { moment: null, window: null, reason: cpu.unavailable };
    const moment = this.#ours.look(cpu, runs, atMs, true);
    const before = this.#moments.before(moment, runs, this.#guard.called);
    this.#moments.add(moment);
    this.#newest = moment;
    const window = before && this.#ours.between(before, moment, runs);
    const reason = before
      ? "the machine's clock of CPU time stands still"
      : "it takes two looks, and this is the first";
    return { moment, window, reason };
  }

  #judge(runs: readonly LiveRun[], { moment, window, reason }: Look): CpuUse {
    if (!moment || !window) {
      this.#guard.sampled(null, new Map(), 0);
      return noCpuUse(runs, reason);
    }
    const read = (ticks: number): Reading => ({
      value: Math.min(100, Math.max(0, (100 * ticks) / window.all)),
      atMs: moment.atMs,
    });
    const used = this.#hidden === null ? this.#others.judge(window, moment, runs, this.#guard.called) : null;
    const { others, othersWithoutNice, foreign, claimedPercent } = used ?? hiddenOthers(this.#hidden ?? "");
    const percents = new Map([...window.runs].map(([id, ticks]) => [id, (100 * ticks) / window.all]));
    this.#guard.sampled("value" in others ? others.value : null, percents, claimedPercent);
    const total = window.processes + window.interrupts;
    return {
      metrics: { "cpu.total": read(total), "cpu.others": others },
      withoutNice: { "cpu.total": read(total - window.nice), "cpu.others": othersWithoutNice },
      runs: new Map([...window.runs].map(([id, ticks]) => [id, read(ticks)])),
      foreign,
    };
  }

  /** Ours and the machine's are read in one go: figures of two moments would take growth for somebody else's. */
  #shareMemory(runs: LiveRun[], moment: Moment | null, usedMiB: number | null, atMs: number): MemoryShares {
    const changed =
      runs.some(({ id }) => !this.#shares?.runs.has(id)) || this.#shares?.runs.size !== runs.length;
    const steady = usedMiB !== null && Math.abs(usedMiB - this.#sharedUsedMiB) < STEADY * usedMiB;
    const ageMs = atMs - this.#sharedAtMs;
    if (moment && (!this.#shares || changed || ageMs >= (steady ? STEADY_EVERY_MS : MEMORY_EVERY_MS))) {
      this.#shares = shareMemory(runs, moment, usedMiB, this.#memoryFiles);
      this.#memoryFiles.sweep();
      this.#sharedAtMs = atMs;
      this.#sharedUsedMiB = usedMiB ?? Number.NaN;
    } else if (this.#shares && steady) this.#shares = stillHeld(this.#shares, atMs);
    const unavailable = "processes can't be read";
    return this.#shares ?? { runs: new Map(), othersMiB: { unavailable } };
  }
}

interface Look {
  moment: Moment | null;
  window: Window | null;
  /** Why there is no window. */
  reason: string;
}

interface CpuUse {
  metrics: Record<"cpu.total" | "cpu.others", Reading>;
  withoutNice: Record<"cpu.total" | "cpu.others", Reading>;
  runs: Map<string, Reading>;
  foreign: Sample["foreign"];
}

function noCpuUse(runs: readonly LiveRun[], reason: string): CpuUse {
  const unavailable: Reading = { unavailable: reason };
  const metrics = { "cpu.total": unavailable, "cpu.others": unavailable };
  return {
    metrics,
    withoutNice: metrics,
    runs: new Map(runs.map(({ id }) => [id, unavailable])),
    foreign: [],
  };
}

const hiddenOthers = (reason: string): OthersUse => ({
  others: { unavailable: reason },
  othersWithoutNice: { unavailable: reason },
  foreign: [],
  claimedPercent: 0,
});

function usesOf(
  runs: readonly LiveRun[],
  cpu: Map<string, Reading>,
  shares: MemoryShares,
): Record<string, RunUse> {
  return Object.fromEntries(
    runs.map(({ id }) => {
      const memory = shares.runs.get(id);
      const use: RunUse = {
        cpuPercent: cpu.get(id) ?? { unavailable: "it takes two looks, and this is the first" },
        memoryMiB: memory?.memoryMiB ?? { unavailable: "its processes can't be read" },
        processes: memory?.processes ?? 0,
      };
      return [id, use];
    }),
  );
}
