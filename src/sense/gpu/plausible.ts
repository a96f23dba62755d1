/**
 * What a GPU's figures can be, whatever source tells them. A figure outside its range becomes a reason: all
 * bits set stand for "no value" in every driver, and lie outside of each range. Pure.
 */
import { number, percent } from "../../words/number.ts";
import { size } from "../../words/size.ts";
import type { GpuReport, InstanceReport, Told } from "./report.ts";

interface Range {
  most: number;
  show: (value: number) => string;
}

/** The least of each is 0. */
export const RANGES = {
  percent: { most: 100, show: percent },
  celsius: { most: 150, show: (value) => `${number(value)} °C` },
  /** All bits of 32 are 4295 W where a driver counts microwatts. */
  watts: { most: 4000, show: (value) => `${number(value)} W` },
  /** 16 TiB. */
  mebibytes: { most: 16 * 1024 * 1024, show: size },
} satisfies Record<string, Range>;

function within(told: Told, { most, show }: Range): Told {
  if (typeof told === "string" || (told >= 0 && told <= most)) return told;
  return Number.isFinite(told)
    ? `the driver reports an impossible ${show(told)}`
    : "the driver reports something that isn't a number";
}

const NO_MEMORY = "the driver reports no memory of its own";

/** The same report with a reason in place of each impossible figure. */
export function plausible(gpu: GpuReport): GpuReport {
  const memory = plausibleMemory(gpu);
  return {
    ...gpu,
    ...memory,
    utilization: within(gpu.utilization, RANGES.percent),
    temperature: within(gpu.temperature, RANGES.celsius),
    powerWatts: within(gpu.powerWatts, RANGES.watts),
    powerLimitWatts: within(gpu.powerLimitWatts, RANGES.watts),
    memoryFreeMiB: share(gpu.memoryFreeMiB, memory.memoryTotalMiB, "free"),
    processes:
      typeof gpu.processes === "string"
        ? gpu.processes
        : gpu.processes.map((one) => ({
            ...one,
            memoryMiB: part(one.memoryMiB, memory.memoryTotalMiB, "used by one process"),
            smPercent: within(one.smPercent, RANGES.percent),
          })),
    ...(gpu.instances && {
      instances: gpu.instances.map((one) => ({ ...one, ...plausibleMemory(one) })),
    }),
  };
}

function plausibleMemory(
  gpu: Pick<InstanceReport, "memoryTotalMiB" | "memoryUsedMiB">,
): Pick<InstanceReport, "memoryTotalMiB" | "memoryUsedMiB"> {
  const total = within(gpu.memoryTotalMiB, RANGES.mebibytes);
  const memoryTotalMiB = total === 0 ? NO_MEMORY : total;
  return { memoryTotalMiB, memoryUsedMiB: share(gpu.memoryUsedMiB, memoryTotalMiB, "used") };
}

/** Nothing of nothing isn't a full GPU. */
const share = (told: Told, whole: Told, words: string): Told =>
  told === 0 && whole === NO_MEMORY ? NO_MEMORY : part(told, whole, words);

/** A part of the whole is at most the whole, where that is known. */
function part(told: Told, whole: Told, words: string): Told {
  const checked = within(told, RANGES.mebibytes);
  if (typeof checked === "string" || typeof whole === "string" || checked <= whole) return checked;
  return `the driver reports ${size(checked)} ${words}, of ${size(whole)} in all`;
}
