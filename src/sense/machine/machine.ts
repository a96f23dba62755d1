/**
 * The machine's own readings: processors, memory, swap and pressure, from files kept open. What can't be
 * read or parsed is `unavailable` with the reason, never 0.
 */
import type { MachineMetric, Reading } from "../../model/machine.ts";
import { type KeptFile, keepFile } from "../proc/kept-file.ts";
import {
  type CpuTimes,
  type MemoryInfo,
  parseCpuTimes,
  parseMemoryInfo,
  parsePressure,
} from "../proc/parse.ts";
import type { MemoryLimit } from "./memory-limit.ts";

export const reading = (value: number | null, atMs: number, reason: string): Reading =>
  value === null || !Number.isFinite(value) ? { unavailable: reason } : { value, atMs };

/** Why a kept file yields no value. */
const why = (file: KeptFile, path: string): string =>
  file.error === null
    ? `${path} has an unknown format`
    : file.error === "ENOENT"
      ? `this kernel has no ${path}`
      : `${path} can't be read (${file.error})`;

const STAT = "/proc/stat";
const MEMORY = "/proc/meminfo";
const PRESSURE = ["cpu", "memory", "io"] as const;

export type MemoryMetric = "memory.availableMiB" | "memory.availablePercent" | "swap.usedMiB";
export type PressureMetric = Extract<MachineMetric, `pressure.${string}`>;

export interface MemoryUse {
  metrics: Record<MemoryMetric, Reading>;
  /** In use on the machine, or in the container where that has less free memory; null when unknown. */
  usedMiB: number | null;
}

export class Machine {
  readonly #stat = keepFile(STAT);
  readonly #memory = keepFile(MEMORY);
  readonly #pressure = PRESSURE.map((resource) => ({
    resource,
    path: `/proc/pressure/${resource}`,
    file: keepFile(`/proc/pressure/${resource}`),
  }));

  cpuTimes(): CpuTimes | { unavailable: string } {
    const text = this.#stat.read();
    return (text === null ? null : parseCpuTimes(text)) ?? { unavailable: why(this.#stat, STAT) };
  }

  /** `limit`: the tightest cgroup limit on this process, where there is one. */
  memory(atMs: number, limit: MemoryLimit | null): MemoryUse {
    const text = this.#memory.read();
    const info: MemoryInfo =
      text === null ? { totalMiB: null, availableMiB: null, swapUsedMiB: null } : parseMemoryInfo(text);
    const reason = why(this.#memory, MEMORY);
    const room = roomOf(info, limit);
    return {
      metrics: {
        "memory.availableMiB": reading(room?.availableMiB ?? null, atMs, reason),
        "memory.availablePercent": reading(room && (100 * room.availableMiB) / room.totalMiB, atMs, reason),
        "swap.usedMiB": reading(info.swapUsedMiB, atMs, reason),
      },
      usedMiB: room && Math.max(0, room.totalMiB - room.availableMiB),
    };
  }

  pressure(atMs: number): Record<PressureMetric, Reading> {
    const readings: Partial<Record<PressureMetric, Reading>> = {};
    for (const { resource, path, file } of this.#pressure) {
      const text = file.read();
      const { some, full } = text === null ? { some: null, full: null } : parsePressure(text);
      readings[`pressure.${resource}.some`] = reading(some, atMs, why(file, path));
      readings[`pressure.${resource}.full`] = reading(full, atMs, why(file, path));
    }
    return readings as Record<PressureMetric, Reading>;
  }

  close(): void {
    this.#stat.close();
    this.#memory.close();
    for (const { file } of this.#pressure) file.close();
  }
}

/** Total and available memory of the host or of the container, whichever has less available. */
export function roomOf(
  { totalMiB, availableMiB }: MemoryInfo,
  limit: MemoryLimit | null,
): { totalMiB: number; availableMiB: number } | null {
  if (totalMiB === null || availableMiB === null) return null;
  const host = { totalMiB, availableMiB: Math.min(availableMiB, totalMiB) };
  return limit && limit.availableMiB < host.availableMiB ? limit : host;
}
