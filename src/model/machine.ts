/** The machine's readings at one tick. Percentages are of the whole machine, or of one GPU; memory is in MiB. */
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
  "slurm.pendingOthers",
  "slurm.idleNodes",
  "slurm.othersPercent",
  "process.running",
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
/** Of each GPU, told from its sample and the jobs at work: no sensor reads it. */
export const OURS_IDLE = "gpu.ours.idle";
export type Metric = MachineMetric | GpuMetric | typeof OURS_IDLE;

/**
 * One reading with the monotonic time at which it was taken, or the reason why there is none.
 * Where attribution is uncertain, `value` is what is proven and `upTo` the highest possible value:
 * pressure is judged by `value`, room by `upTo`, so doubt can hold a resume back but never cause a pause.
 * `estimated`: how `value` came about, half a sentence, where it can't be told directly.
 */
export type Reading =
  | { value: number; upTo?: number; atMs: number; estimated?: string }
  | { unavailable: string };

export interface ProcessEvidence {
  pid: number;
  /** Field 22 of /proc/PID/stat; null where there is none. With the pid it identifies one process for ever. */
  startTime: number | null;
  user: string;
  /** Certainly not one of our jobs, which run as the supervisor's own user. */
  otherUser?: true;
  command: string;
  /** The container that it is in; `image` where that can be read. */
  container?: { name: string; image?: string };
  cpuPercent?: number;
  memoryMiB?: number;
  gpuMemoryMiB?: number;
  gpuPercent?: number;
}

/** A GPU as programs are told of it: by its number among those of its maker's runtime. */
export interface GpuDevice {
  runtime: "cuda" | "rocm" | "level-zero";
  number: number;
  /** Its name in the runtime's variables, where that isn't its UUID here. */
  alias?: string;
}

export interface GpuSample {
  uuid: string;
  index: number;
  name: string;
  /** Who tells its figures; absent in data of older versions. */
  source?: string;
  /** Part of a processor, without memory of its own: no job goes there unless `gpuIds` names it. */
  integrated?: true;
  /** How a program is told to use it; absent where it can't be. */
  device?: GpuDevice;
  /** Why no job may go there: the supervisor's own environment leaves it out. */
  barred?: string;
  /** It sleeps to save power: nobody uses it, and a program that does wakes it. */
  asleep?: true;
  memoryTotalMiB: Reading;
  memoryUsedMiB: Reading;
  powerLimitWatts: Reading;
  metrics: Record<GpuMetric, Reading>;
  processes: GpuProcess[];
  /** Why it is throttled, while it is. */
  throttleReasons?: string[];
  /** A program was seen to come back from being parked there, with this driver. */
  parks?: true;
  /** Partitions of a divided GPU (MIG). */
  instances?: { uuid: string; memoryTotalMiB: Reading; memoryUsedMiB: Reading }[];
}

/** Whether jobs are placed on it by themselves: one that is named by `gpuIds` needn't be. */
export const isPlace = (gpu: Pick<GpuSample, "integrated" | "device" | "barred">): boolean =>
  !gpu.integrated && gpu.device !== undefined && gpu.barred === undefined;

export interface GpuProcess extends ProcessEvidence {
  /** Our run that it belongs to; null for all others. */
  ours: string | null;
  /** False: not counted as others', since it is an ignored desktop program or its owner can't be determined. */
  counts?: false;
  /** A counted process of others that started after our run on this GPU. */
  newcomer?: true;
  /** It belongs to a supervised job of another supervisor. */
  claimed?: { user: string; job: string };
}

/**
 * What another supervisor has published about one of its jobs, with what was verified: the job holds GPUs,
 * or waits in line for one. Says nothing about any user but its owner.
 */
export interface Claim {
  /** Unique on this machine. */
  id: string;
  uid: number;
  user: string;
  job: string;
  /** Of another supervisor of our own user: its project's folder, as people write it; empty if it has none. */
  place?: string;
  /** UUIDs: for a holder the GPUs it holds, for a waiting job those it would accept. */
  gpus: string[];
  holds: boolean;
  /** Wall time since which it holds or waits; the line has this order. */
  sinceMs: number;
  /** For a waiting job: when it could start if the GPU were free (wall time); null: unknown. */
  readyMs: number | null;
  /** Asks the holder of `gpu` for a turn of this length. */
  turn?: { gpu: string; forMs: number };
  pids: { pid: number; startTime: number | null }[];
  /** The supervisor that wrote it; earlier versions don't tell. */
  writer?: { pid: number; startTime: number | null };
}

export interface RunUse {
  cpuPercent: Reading;
  memoryMiB: Reading;
  processes: number;
}

/** Others' processes of a name; `unsure`: so many more may be ours. `estimated`: as of a reading. */
export type ProgramsSeen =
  | { atMs: number; processes: ProcessEvidence[]; unsure: number; estimated?: string }
  | { unavailable: string };

/** All readings of one tick. */
export interface Sample {
  at: Now;
  machine: Record<MachineMetric, Reading>;
  /** The same without the CPU time of niced processes, for rules with `countNice: false`. */
  withoutNice?: Record<"cpu.total" | "cpu.others", Reading>;
  gpus: GpuSample[];
  /** Why GPUs that are there are missing from `gpus`, or why it is empty; null when all are read. */
  gpusUnavailable: string | null;
  /** There is a GPU on which jobs are placed by themselves, and it hasn't been read yet. */
  gpusExpected?: true;
  /** From other supervisors on this machine, as far as they are proven to be alive. */
  claims?: Claim[];
  /** The prefix of our own claims' ids: it decides which of two claims of the same moment is first. */
  claimant?: string;
  /** By run id. */
  runs: Record<string, RunUse>;
  /** By the names that rules have for programs. */
  programs?: Record<string, ProgramsSeen>;
  /** Foreign processes seen using the CPU, heaviest users first; empty when no look was needed. */
  foreign: ProcessEvidence[];
  /** Set where `foreign` was measured for this sample, not before. */
  looked?: Looked;
}

/** What a look at all processes covers. */
export interface Looked {
  /** Monotonic time of the look before: the percentages in `foreign` are of the time since then. */
  sinceMs: number;
  /** The most that a process that isn't in `foreign` used, in percent of the machine. */
  unlisted: number;
}
