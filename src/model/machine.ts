/** What is sensed of the machine at one tick. Percentages are of the whole machine, or of one GPU; memory is in MiB. */
import type { Now } from "./time.ts";

export const MACHINE_METRICS = [
  "cpu.total",
  "cpu.others",
  "memory.availableMiB",
  "memory.availablePercent",
  "memory.othersMiB",
  "swap.usedMiB",
  "pressure.cpu.some",
  "pressure.cpu.full",
  "pressure.memory.some",
  "pressure.memory.full",
  "pressure.io.some",
  "pressure.io.full",
  "disk.freeMiB",
  "battery.percent",
] as const;

export const GPU_METRICS = [
  "gpu.utilization",
  "gpu.others.utilization",
  "gpu.newcomers.memoryMiB",
  "gpu.others.memoryMiB",
  "gpu.memory.freeMiB",
  "gpu.temperature",
  "gpu.power",
  "gpu.throttled",
] as const;

export type MachineMetric = (typeof MACHINE_METRICS)[number];
export type GpuMetric = (typeof GPU_METRICS)[number];
export type Metric = MachineMetric | GpuMetric;

/**
 * One reading, with the monotonic time at which it was taken, or the reason why there is none.
 * Where attribution isn't certain, `value` is what is proven and `upTo` the most it might be:
 * pressure is judged by `value`, room by `upTo`, so doubt can hold a resume back but never cause a pause.
 */
export type Reading = { value: number; upTo?: number; atMs: number } | { unavailable: string };

/** The program of a command line, without its folder and arguments. */
export function programOf(command: string): string {
  const first = command.trim().split(/\s+/)[0] ?? "";
  return first.slice(first.lastIndexOf("/") + 1) || command.trim();
}

export interface ProcessEvidence {
  pid: number;
  /** Field 22 of /proc/PID/stat; null where there is none. With the pid it names one process for ever. */
  startTime: number | null;
  user: string;
  /** Certainly none of our jobs, which run as the supervisor's own user. */
  otherUser?: true;
  command: string;
  cpuPercent?: number;
  memoryMiB?: number;
  gpuMemoryMiB?: number;
  gpuPercent?: number;
}

export interface GpuSample {
  uuid: string;
  index: number;
  name: string;
  memoryTotalMiB: Reading;
  memoryUsedMiB: Reading;
  powerLimitWatts: Reading;
  metrics: Record<GpuMetric, Reading>;
  processes: GpuProcess[];
  /** Why it is slowed down, while it is. */
  throttleReasons?: string[];
  /** Parts of a divided GPU (MIG). */
  instances?: { uuid: string; memoryTotalMiB: Reading; memoryUsedMiB: Reading }[];
}

export interface GpuProcess extends ProcessEvidence {
  /** The run of ours that it belongs to; null for all others. */
  ours: string | null;
  /** False: not counted as others', since it is an ignored desktop program or nobody can tell whose it is. */
  counts?: false;
  /** A counted process of others that began after our run on this GPU. */
  newcomer?: true;
  /** It belongs to a supervised job of another supervisor. */
  claimed?: { user: string; job: string };
}

/**
 * What another supervisor has said of one of its jobs, and what was found to be true of it: it holds
 * GPUs, or waits in line for one. Says nothing about anybody but its owner.
 */
export interface Claim {
  /** Unique on this machine. */
  id: string;
  uid: number;
  user: string;
  job: string;
  /** UUIDs: of a holder those that it holds, of one who waits those that would do. */
  gpus: string[];
  holds: boolean;
  /** Wall time since which it holds or waits; the line is in this order. */
  sinceMs: number;
  /** Of one who waits: when it could start if nobody held the GPU (wall time); null: nobody knows. */
  readyMs: number | null;
  /** Asks whoever holds `gpu` for a turn of so long. */
  turn?: { gpu: string; forMs: number };
  pids: { pid: number; startTime: number | null }[];
}

export interface RunUse {
  cpuPercent: Reading;
  memoryMiB: Reading;
  processes: number;
}

/** All readings of one tick. */
export interface Sample {
  at: Now;
  machine: Record<MachineMetric, Reading>;
  /** The same without CPU time of niced processes, for rules with `countNice: false`. */
  withoutNice?: Record<"cpu.total" | "cpu.others", Reading>;
  gpus: GpuSample[];
  /** Why `gpus` is empty, or null when a source reads them. */
  gpusUnavailable: string | null;
  /** A driver is here, although it may not tell anything now. */
  gpusExpected?: true;
  /** Of other supervisors on this machine, as far as they are proven to be alive. */
  claims?: Claim[];
  /** What the ids of our own claims begin with: it settles who is first of two of the same moment. */
  claimant?: string;
  /** By run id. */
  runs: Record<string, RunUse>;
  /** Foreign processes seen using the CPU, greediest first; empty when nobody had to look. */
  foreign: ProcessEvidence[];
}
