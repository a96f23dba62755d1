/**
 * What a GPU reader reports to the supervisor, one JSON document per line: plain values and pids, without
 * owners. A value that is unavailable is the reason instead, never 0.
 */

import type { GpuDevice } from "../../model/machine.ts";

/** A value, or a clause on why there is none. */
export type Told = number | string;

export interface ProcessReport {
  /** In the host's pid namespace. */
  pid: number;
  memoryMiB: Told;
  /** Percent of the GPU's time in the last period. */
  smPercent: Told;
}

export interface InstanceReport {
  uuid: string;
  memoryTotalMiB: Told;
  memoryUsedMiB: Told;
}

export interface GpuIdentity {
  uuid: string;
  /** Among those of its source. */
  index: number;
  name: string;
  /** Who tells its figures: "NVML", "nvidia-smi", or the kernel driver's name. */
  source: string;
  /** Part of a processor, without memory of its own. */
  integrated?: true;
  /** How a program is told to use it; absent where it can't be. */
  device?: GpuDevice;
}

export interface GpuReport extends GpuIdentity {
  /** It sleeps to save power: what isn't told now is no loss. */
  asleep?: true;
  /** Percent of the last period in which anything ran. */
  utilization: Told;
  /** Busy without a process on it: believed only when that lasts. */
  suspect?: true;
  memoryTotalMiB: Told;
  /** What a program can have, as the driver calls it: total less used counts what the driver keeps for itself. */
  memoryFreeMiB: Told;
  memoryUsedMiB: Told;
  temperature: Told;
  powerWatts: Told;
  powerLimitWatts: Told;
  /** 1 while it is throttled for heat or power, else 0. */
  throttled: Told;
  throttleReasons?: string[];
  processes: ProcessReport[] | string;
  /** Why the pids identify no process: they may be another system's. */
  blind?: string;
  /** Why processes may be missing from the list. */
  unlisted?: string;
  /**
   * Why no process in the list can show its use. Where the GPU doesn't tell its own either, use by nobody would be
   * told as 0, and as lost once somebody is there.
   */
  untoldUse?: string;
  /** The GPU never tells its own use: of what is unlisted nothing is known, and the rest is the least that is used. */
  atLeast?: true;
  /** Parts of a divided GPU (MIG). */
  instances?: InstanceReport[];
}

export type Message =
  | { is: "hello"; source: string; driver: string | null }
  /** `atMs`: monotonic, as the supervisor's clock counts. `driverMs`: time spent inside the driver. */
  | { is: "report"; atMs: number; driverMs: number; gpus: GpuReport[] }
  /** It is alive and waits for its source. */
  | { is: "beat" }
  /** The reader ends; retry after `retryMs`, with the source `next` where it is given. */
  | { is: "failed"; reason: string; retryMs: number; next?: "nvidia-smi" }
  /** Only when asked to trace calls: before each (`code` null) and after it. */
  | { is: "call"; name: string; gpu: number | null; code: number | null; micros: number };

/** A GPU that can't be read, with the reason in place of each value. */
export const unreadable = (gpu: GpuIdentity, reason: string): GpuReport => ({
  uuid: gpu.uuid,
  index: gpu.index,
  name: gpu.name,
  source: gpu.source,
  ...(gpu.integrated && { integrated: gpu.integrated }),
  ...(gpu.device && { device: gpu.device }),
  utilization: reason,
  memoryTotalMiB: reason,
  memoryFreeMiB: reason,
  memoryUsedMiB: reason,
  temperature: reason,
  powerWatts: reason,
  powerLimitWatts: reason,
  throttled: reason,
  processes: reason,
});
