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

/** A whole number times `scale`; a reason for a missing file, garbage, or all bits set. */
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
  temp1_input?: FileText;
  power1_average?: FileText;
  power1_input?: FileText;
  power1_cap?: FileText;
}

export interface CardFigures {
  utilization: Told;
  memoryTotalMiB: Told;
  memoryUsedMiB: Told;
  temperature: Told;
  powerWatts: Told;
  powerLimitWatts: Told;
}

export function parseCard(files: CardFiles): CardFigures {
  const busy = figure(files.gpu_busy_percent);
  const average = figure(files.power1_average, 1e-6);
  return {
    utilization: typeof busy === "number" && busy > 100 ? `the driver reports an impossible ${busy} %` : busy,
    memoryTotalMiB: figure(files.mem_info_vram_total, 1 / MIB),
    memoryUsedMiB: figure(files.mem_info_vram_used, 1 / MIB),
    temperature: figure(files.temp1_input, 1 / 1000),
    powerWatts: typeof average === "number" ? average : figure(files.power1_input, 1e-6),
    powerLimitWatts: figure(files.power1_cap, 1e-6),
  };
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
