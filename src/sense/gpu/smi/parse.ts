/**
 * Output of nvidia-smi → reports. Pure, never throws: a cell that isn't a number becomes the reason, a
 * malformed line is left out, and nothing missing becomes 0.
 */
import { type GpuReport, type ProcessReport, type Told, unreadable } from "../report.ts";

/** The name comes last: only it may contain a comma. */
export const GPU_FIELDS = [
  "uuid",
  "index",
  "utilization.gpu",
  "memory.total",
  "memory.free",
  "memory.used",
  "temperature.gpu",
  "power.draw",
  "enforced.power.limit",
  "clocks_throttle_reasons.hw_slowdown",
  "clocks_throttle_reasons.sw_thermal_slowdown",
  "clocks_throttle_reasons.sw_power_cap",
  "name",
] as const;
export const PROCESS_FIELDS = ["gpu_uuid", "pid", "used_gpu_memory"] as const;

const NO_USE = "nvidia-smi doesn't report use per process";
/** A game, for one, isn't listed. */
const UNLISTED = "nvidia-smi lists compute processes only";

/** A number, or the cell's own words. */
export function cell(text: string | undefined): Told {
  const trimmed = (text ?? "").trim();
  if (/^-?\d{1,9}(?:\.\d{1,6})?$/.test(trimmed)) {
    const value = Number(trimmed);
    return value < 0 ? `nvidia-smi says ${trimmed}` : value;
  }
  return saying(trimmed);
}

function saying(text: string): string {
  const words = text
    .replace(/^\[|\]$/g, "")
    .replace(/[^\x20-\x7e]+/g, " ")
    .slice(0, 100);
  return words === "" ? "nvidia-smi says nothing" : `nvidia-smi says '${words}'`;
}

/** `--query-gpu` as csv,noheader,nounits, with `GPU_FIELDS`. Other lines are left out. */
export function parseGpus(text: string): GpuReport[] {
  return text.split("\n").flatMap((line) => {
    const cells = line.split(",");
    const uuid = cells[0]?.trim() ?? "";
    const index = cell(cells[1]);
    if (!/^(?:GPU|MIG)-[\w./-]{1,90}$/.test(uuid) || typeof index !== "number" || !Number.isInteger(index))
      return [];
    const name =
      cells
        .slice(GPU_FIELDS.length - 1)
        .join(",")
        .trim() || "NVIDIA GPU";
    const throttles = cells.slice(9, 12).map((one) => one.trim());
    return [
      {
        uuid,
        index,
        name,
        source: "nvidia-smi",
        device: { runtime: "cuda", number: index },
        utilization: cell(cells[2]),
        memoryTotalMiB: cell(cells[3]),
        memoryFreeMiB: cell(cells[4]),
        memoryUsedMiB: cell(cells[5]),
        temperature: cell(cells[6]),
        powerWatts: cell(cells[7]),
        powerLimitWatts: cell(cells[8]),
        throttled: throttled(throttles),
        processes: "its processes aren't listed yet",
      },
    ];
  });
}

/** Each of three reasons is "Active" or "Not Active". */
function throttled(reasons: string[]): Told {
  if (reasons.includes("Active")) return 1;
  const untold = reasons.find((one) => one !== "Not Active");
  return untold === undefined && reasons.length === 3 ? 0 : saying(untold ?? "");
}

/** `--query-compute-apps` as csv,noheader,nounits, by the GPU's UUID. */
export function parseProcesses(text: string): Map<string, ProcessReport[]> {
  const found = new Map<string, ProcessReport[]>();
  for (const line of text.split("\n")) {
    const [uuid = "", pid, memory] = line.split(",").map((one) => one.trim());
    if (!/^(?:GPU|MIG)-/.test(uuid) || !/^\d{1,10}$/.test(pid ?? "")) continue;
    const list = found.get(uuid) ?? [];
    list.push({ pid: Number(pid), memoryMiB: cell(memory), smPercent: NO_USE });
    found.set(uuid, list);
  }
  return found;
}

/** Joins both. `processes` null: that query failed, because of `problem`. */
export function joinReports(gpus: GpuReport[], processes: string | null, problem: string): GpuReport[] {
  const lists = processes === null ? null : parseProcesses(processes);
  return gpus.map((gpu) => ({
    ...gpu,
    processes: lists === null ? problem : (lists.get(gpu.uuid) ?? []),
    unlisted: UNLISTED,
    untoldUse: NO_USE,
  }));
}

/** One line on why nvidia-smi failed as a whole. */
export function failure(output: string): string {
  const line = output
    .split("\n")
    .map((one) => one.trim())
    .find((one) => /fail|unable|error|no devices|mismatch|not a valid field/i.test(one));
  return `nvidia-smi: ${(line ?? output.trim().split("\n")[0] ?? "").slice(0, 160) || "it said nothing"}`;
}

/** Adds GPUs that were there before and are no longer listed. */
export function withMissing(gpus: GpuReport[], before: readonly GpuReport[], reason: string): GpuReport[] {
  const missing = before.filter(({ uuid }) => !gpus.some((gpu) => gpu.uuid === uuid));
  return [...gpus, ...missing.map((gpu) => unreadable(gpu, reason))].sort((a, b) => a.index - b.index);
}
