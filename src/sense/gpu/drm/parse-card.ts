/** Files of an amdgpu card in /sys → values. Pure, never throws. */
import type { Told } from "../report.ts";

const MIB = 1024 * 1024;

/** A file's text, or why it couldn't be read. */
export type FileText = { text: string } | { error: string };

const REASONS: Record<string, string> = {
  ENOENT: "this GPU or driver doesn't report it",
  EBUSY: "the GPU sleeps or is being reset",
  EACCES: "permission denied",
  EPERM: "permission denied",
};

/** A whole number times `scale`; a reason for a missing file or garbage. */
export function figure(file: FileText | undefined, scale = 1): Told {
  if (file === undefined) return REASONS.ENOENT as string;
  if ("error" in file) return REASONS[file.error] ?? `it can't be read (${file.error})`;
  const text = file.text.trim();
  if (!/^\d{1,18}$/.test(text)) return "the driver reports something that isn't a number";
  return Number(text) * scale;
}

export interface CardFiles {
  gpu_busy_percent?: FileText;
  mem_info_vram_total?: FileText;
  mem_info_vram_used?: FileText;
  mem_info_gtt_total?: FileText;
  mem_info_gtt_used?: FileText;
  /** Of the sensor whose label says that it is the GPU's. */
  temperature?: FileText;
  power1_average?: FileText;
  power1_input?: FileText;
  power1_cap?: FileText;
}

export interface CardFigures {
  utilization: Told;
  memoryTotalMiB: Told;
  memoryFreeMiB: Told;
  memoryUsedMiB: Told;
  temperature: Told;
  powerWatts: Told;
  powerLimitWatts: Told;
}

/** `integrated`: its memory is a part set aside plus what it may borrow of the machine's. */
export function parseCard(files: CardFiles, integrated = false): CardFigures {
  const memory = (of: "total" | "used"): Told => {
    const own = figure(files[`mem_info_vram_${of}`], 1 / MIB);
    return integrated ? plus(own, figure(files[`mem_info_gtt_${of}`], 1 / MIB)) : own;
  };
  const [total, used] = [memory("total"), memory("used")];
  const average = figure(files.power1_average, 1e-6);
  return {
    utilization: figure(files.gpu_busy_percent),
    memoryTotalMiB: total,
    memoryFreeMiB: rest(total, used),
    memoryUsedMiB: used,
    temperature: figure(files.temperature, 1 / 1000),
    powerWatts: typeof average === "number" ? average : figure(files.power1_input, 1e-6),
    powerLimitWatts: figure(files.power1_cap, 1e-6),
  };
}

const plus = (a: Told, b: Told): Told => (typeof a === "string" ? a : typeof b === "string" ? b : a + b);

/** This driver keeps nothing back that it doesn't call used. */
function rest(total: Told, used: Told): Told {
  if (typeof total === "string" || typeof used === "string") return typeof total === "string" ? total : used;
  return used <= total ? total - used : "the driver reports more memory in use than there is";
}

export type ApuFiles = Record<
  "gpu_metrics" | "mem_busy_percent" | "mem_info_vram_total" | "mem_info_gtt_total",
  FileText
>;

/**
 * Whether an AMD GPU is part of a processor: the driver gives metrics of another format for those. Without
 * metrics, by the missing load of a memory of its own and the small part that is set aside for it.
 */
export function isApu(files: ApuFiles): boolean {
  const { gpu_metrics: metrics } = files;
  // A header of four bytes: size (two), format, content.
  if ("text" in metrics && metrics.text.length >= 4) return metrics.text.charCodeAt(2) >= 2;
  const own = figure(files.mem_info_vram_total);
  const borrowed = figure(files.mem_info_gtt_total);
  const untold = "error" in files.mem_busy_percent && files.mem_busy_percent.error === "ENOENT";
  return untold && typeof own === "number" && typeof borrowed === "number" && own < borrowed;
}

/** Which `temp‹n›_input` is the GPU's own, by the labels of all (n → label); "1" where none is labelled. */
export function ownSensor(labels: ReadonlyMap<string, string>): string {
  for (const wanted of ["edge", "pkg", "junction"])
    for (const [sensor, label] of labels) if (label === wanted) return sensor;
  return "1";
}

/** `KEY=value` lines. */
export function parseUevent(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const at = line.indexOf("=");
    if (at > 0) found[line.slice(0, at)] = line.slice(at + 1).trim();
  }
  return found;
}

/** A node of the KFD topology (`key value` lines) → PCI address; null for a node that isn't a GPU. */
export function kfdAddress(properties: string): string | null {
  const field = (name: string): number =>
    Number(new RegExp(`^${name} (\\d{1,10})$`, "m").exec(properties)?.[1] ?? Number.NaN);
  const location = field("location_id");
  if (!(field("simd_count") > 0) || !(location > 0)) return null;
  const hex = (value: number, width: number): string => value.toString(16).padStart(width, "0");
  const domain = Number.isFinite(field("domain")) ? field("domain") : 0;
  return `${hex(domain, 4)}:${hex((location >> 8) & 0xff, 2)}:${hex((location >> 3) & 0x1f, 2)}.${location & 7}`;
}
