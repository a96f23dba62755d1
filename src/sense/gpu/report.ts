/**
 * What a reader of GPUs tells the supervisor, one JSON document per line: plain figures and pids,
 * whoever they belong to. A figure that can't be had is the reason instead, never 0.
 */

/** A figure, or half a sentence on why there is none. */
export type Told = number | string;

export interface ProcessReport {
  /** As the driver counts: of the host. */
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
  /** It is busy, although no process is on it: believed only when that lasts. */
  suspect?: true;
  memoryTotalMiB: Told;
  memoryUsedMiB: Told;
  temperature: Told;
  powerWatts: Told;
  powerLimitWatts: Told;
  /** 1 while it is slowed down against heat or for lack of power, else 0. */
  throttled: Told;
  throttleReasons?: string[];
  processes: ProcessReport[] | string;
  /** Why others may use it who aren't listed. */
  partial?: string;
  /** Parts of a divided GPU (MIG). */
  instances?: InstanceReport[];
}

export type Message =
  | { is: "hello"; source: string; driver: string | null }
  /** `atMs`: monotonic, as the supervisor's clock counts. `driverMs`: time spent inside the driver. */
  | { is: "report"; atMs: number; driverMs: number; gpus: GpuReport[] }
  /** It lives and waits for its source. */
  | { is: "beat" }
  /** The reader ends; another is worth trying after `retryMs`, and `next` says which. */
  | { is: "failed"; reason: string; retryMs: number; next?: "nvidia-smi" }
  /** Only when asked to tell of each call: before it (`code` null) and after it. */
  | { is: "call"; name: string; gpu: number | null; code: number | null; micros: number };

/** A GPU of which nothing can be read for this reason. */
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
