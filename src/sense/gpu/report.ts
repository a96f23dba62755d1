/**
 * What a GPU reader reports to the supervisor, one JSON document per line: plain values and pids, without
 * owners. A value that is unavailable is the reason instead, never 0.
 */

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

export interface GpuReport {
  uuid: string;
  index: number;
  name: string;
  /** Percent of the last period in which anything ran. */
  utilization: Told;
  /** Busy without a process on it: believed only when that lasts. */
  suspect?: true;
  memoryTotalMiB: Told;
  memoryUsedMiB: Told;
  temperature: Told;
  powerWatts: Told;
  powerLimitWatts: Told;
  /** 1 while it is throttled for heat or power, else 0. */
  throttled: Told;
  throttleReasons?: string[];
  processes: ProcessReport[] | string;
  /** Why unlisted processes may use it. */
  partial?: string;
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
export const unreadable = (gpu: Pick<GpuReport, "uuid" | "index" | "name">, reason: string): GpuReport => ({
  uuid: gpu.uuid,
  index: gpu.index,
  name: gpu.name,
  utilization: reason,
  memoryTotalMiB: reason,
  memoryUsedMiB: reason,
  temperature: reason,
  powerWatts: reason,
  powerLimitWatts: reason,
  throttled: reason,
  processes: reason,
});
