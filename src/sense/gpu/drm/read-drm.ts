/**
 * AMD and Intel GPUs through the kernel: /sys for the GPU, open files and the compute driver (KFD) for its
 * processes. Must never touch a sleeping GPU. Runs in the reader process.
 */
import { join } from "node:path";
import { elapsedMs } from "../../../clock.ts";
import type { Reader } from "../nvml/read-nvml.ts";
import { type GpuReport, type ProcessReport, unreadable } from "../report.ts";
import { type ComputeUse, computeUse } from "./compute-use.ts";
import { names, read, text } from "./device-files.ts";
import { type Card, findCards, sleeps } from "./find-cards.ts";
import { type CardFiles, type FileText, ownSensor, parseCard } from "./parse-card.ts";
import { FdinfoSweeper, type Sweep, sum, UNCOUNTED } from "./sweep.ts";

const SLEEPS = "the GPU sleeps to save power, and reading it would wake it";
const NOBODY_YET = "nobody has used it yet, so whether its driver reports use per process isn't known";
const NO_ENGINES = "the compute driver doesn't report use per process";
const NO_MEMORY = "the driver doesn't report its memory";
/** Share of the time that sweeps of all processes may take, and the longest interval between two, in ms. */
const SHARE = 0.002;
const OLDEST_MS = 10_000;

export function openDrm(root: string): Reader {
  const sweeper = new FdinfoSweeper(root);
  const apus = new Map<string, boolean>();
  let sweep: Sweep | null = null;
  let sweepAtMs = Number.NEGATIVE_INFINITY;
  return {
    driver: text(root, "proc/sys/kernel/osrelease") || null,
    poll(nowMs) {
      if (nowMs >= sweepAtMs) {
        const began = elapsedMs();
        sweep = sweeper.sweep(nowMs);
        sweepAtMs = nowMs + Math.min(OLDEST_MS, (elapsedMs() - began) / SHARE);
      }
      const compute = computeUse(root);
      const gpus = findCards(root, apus).map((card) => report(card, sweep, compute));
      return { is: "report", atMs: nowMs, driverMs: 0, gpus };
    },
  };
}

function report(card: Card, sweep: Sweep | null, compute: Map<string, ComputeUse[]>): GpuReport {
  const { gpu, maker, directory } = card;
  const used =
    sweep === null
      ? { processes: "its processes haven't been read yet" }
      : { processes: processes(card, sweep, compute), ...gaps(card, sweep) };
  if (sleeps(card)) return { ...asleep(card), ...used };
  return {
    ...gpu,
    ...parseCard(cardFiles(directory), gpu.integrated === true),
    ...(maker === "Intel" && { utilization: "Intel's driver reports use per process only" }),
    throttled: `${gpu.source} doesn't report it`,
    ...used,
  };
}

/** What the processes don't tell of the use. */
function gaps(
  card: Card,
  { hidden, counted, devices }: Sweep,
): Pick<GpuReport, "unlisted" | "untoldUse" | "atLeast"> {
  const { address, gpu } = card;
  const unlisted = hidden === null ? {} : { unlisted: hidden };
  if (gpu.device?.runtime === "rocm") return { ...unlisted, untoldUse: NO_ENGINES };
  if (!counted.has(address)) return { ...unlisted, untoldUse: devices.has(address) ? UNCOUNTED : NOBODY_YET };
  return { ...unlisted, ...(!tellsUse(card) && { atLeast: true as const }) };
}

const tellsUse = ({ directory }: Card): boolean => names(directory).includes("gpu_busy_percent");

/** Nobody uses it. Not said of one that never tells its use: that would be missed once it is awake. */
const asleep = (card: Card): GpuReport => ({
  ...unreadable(card.gpu, SLEEPS),
  asleep: true,
  ...(tellsUse(card) && { utilization: 0 }),
});

function cardFiles(directory: string): CardFiles {
  const [hwmon] = names(join(directory, "hwmon")).filter((name) => name.startsWith("hwmon"));
  const monitor = (name: string): FileText =>
    hwmon === undefined ? { error: "ENOENT" } : read(directory, "hwmon", hwmon, name);
  return {
    gpu_busy_percent: read(directory, "gpu_busy_percent"),
    mem_info_vram_total: read(directory, "mem_info_vram_total"),
    mem_info_vram_used: read(directory, "mem_info_vram_used"),
    mem_info_gtt_total: read(directory, "mem_info_gtt_total"),
    mem_info_gtt_used: read(directory, "mem_info_gtt_used"),
    temperature: monitor(`temp${ownSensor(labelsOf(directory, hwmon))}_input`),
    power1_average: monitor("power1_average"),
    power1_input: monitor("power1_input"),
    power1_cap: monitor("power1_cap"),
  };
}

function labelsOf(directory: string, hwmon: string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  if (hwmon === undefined) return found;
  for (const name of names(join(directory, "hwmon", hwmon))) {
    const sensor = /^temp(\d+)_label$/.exec(name)?.[1];
    if (sensor !== undefined) found.set(sensor, text(directory, "hwmon", hwmon, name));
  }
  return found;
}

/** Open files don't show compute through KFD: its use is unknown, not 0. */
function processes(
  { address, gpu }: Card,
  sweep: Sweep,
  compute: Map<string, ComputeUse[]>,
): ProcessReport[] {
  const found = new Map<number, ProcessReport>();
  for (const { pid, memoryMiB, borrowedMiB, percent } of sweep.devices.get(address) ?? []) {
    const held = gpu.integrated ? sum(memoryMiB, borrowedMiB) : memoryMiB;
    found.set(pid, {
      pid,
      memoryMiB: held ?? NO_MEMORY,
      smPercent: percent,
    });
  }
  for (const { pid, memoryMiB } of compute.get(address) ?? []) {
    const known = found.get(pid)?.memoryMiB ?? NO_MEMORY;
    const most = typeof known === "string" ? (memoryMiB ?? known) : Math.max(memoryMiB ?? 0, known);
    found.set(pid, { pid, memoryMiB: most, smPercent: NO_ENGINES });
  }
  return [...found.values()];
}
