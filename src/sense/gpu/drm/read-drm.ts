/**
 * AMD and Intel GPUs through the kernel: /sys for the GPU, open files and the compute driver (KFD) for its
 * processes. Must never touch a sleeping GPU. Runs in the reader process.
 */
import { join } from "node:path";
import { elapsedMs } from "../../../clock.ts";
import type { Reader } from "../nvml/read-nvml.ts";
import { type GpuReport, type ProcessReport, unreadable } from "../report.ts";
import { computeUse } from "./compute-use.ts";
import { names, read, text } from "./device-files.ts";
import { type Card, findCards, type Vendor } from "./find-cards.ts";
import { type CardFiles, type FileText, parseCard } from "./parse-card.ts";
import { type DeviceUse, FdinfoSweeper, type Sweep } from "./sweep.ts";

const SLEEPS = "the GPU sleeps to save power, and reading it would wake it";
const NOT_TWICE = "it takes two readings, and this is the first";
const NO_ENGINES = "the compute driver doesn't report use per process";
/** Share of the time that sweeps of all processes may take, and the longest interval between two, in ms. */
const SHARE = 0.002;
const OLDEST_MS = 10_000;

export function openDrm(root: string, vendor: Vendor): Reader {
  const sweeper = new FdinfoSweeper(root);
  let sweep: Sweep | null = null;
  let sweepAtMs = Number.NEGATIVE_INFINITY;
  return {
    driver: text(root, "proc/sys/kernel/osrelease") || null,
    poll(nowMs) {
      const cards = findCards(root, vendor);
      if (nowMs >= sweepAtMs) {
        const began = elapsedMs();
        sweep = sweeper.sweep(nowMs);
        sweepAtMs = nowMs + Math.min(OLDEST_MS, (elapsedMs() - began) / SHARE);
      }
      const compute = vendor === "amd" ? computeUse(root) : new Map<string, DeviceUse[]>();
      const gpus = cards.map((card) => report(card, { vendor, sweep, compute }));
      return { is: "report", atMs: nowMs, driverMs: 0, gpus };
    },
  };
}

interface Seen {
  vendor: Vendor;
  sweep: Sweep | null;
  compute: Map<string, DeviceUse[]>;
}

function report(card: Card, { vendor, sweep, compute }: Seen): GpuReport {
  if (text(card.directory, "power/runtime_status") === "suspended") return unreadable(card.gpu, SLEEPS);
  const untold = `${vendor === "amd" ? "amdgpu" : "the Intel driver"} doesn't report it`;
  const files = cardFiles(card.directory);
  return {
    ...card.gpu,
    ...parseCard(files),
    ...(vendor === "intel" && { utilization: "Intel's driver reports use per process only" }),
    throttled: untold,
    processes:
      sweep === null ? "its processes haven't been read yet" : processes(card.address, sweep, compute),
    ...(sweep !== null &&
      sweep.hidden > 0 && { partial: `${sweep.hidden} processes of other users can't be inspected` }),
  };
}

function cardFiles(directory: string): CardFiles {
  const [hwmon] = names(join(directory, "hwmon")).filter((name) => name.startsWith("hwmon"));
  const monitor = (name: string): FileText =>
    hwmon === undefined ? { error: "ENOENT" } : read(directory, "hwmon", hwmon, name);
  return {
    gpu_busy_percent: read(directory, "gpu_busy_percent"),
    mem_info_vram_total: read(directory, "mem_info_vram_total"),
    mem_info_vram_used: read(directory, "mem_info_vram_used"),
    temp1_input: monitor("temp1_input"),
    power1_average: monitor("power1_average"),
    power1_input: monitor("power1_input"),
    power1_cap: monitor("power1_cap"),
  };
}

/** Open files don't show compute through KFD: its use is unknown, not 0. */
function processes(address: string, sweep: Sweep, compute: Map<string, DeviceUse[]>): ProcessReport[] {
  const found = new Map<number, ProcessReport>();
  for (const { pid, memoryMiB, percent } of sweep.devices.get(address) ?? [])
    found.set(pid, {
      pid,
      memoryMiB: memoryMiB ?? "the driver doesn't report its memory",
      smPercent: percent ?? NOT_TWICE,
    });
  for (const { pid, memoryMiB } of compute.get(address) ?? []) {
    const known = found.get(pid)?.memoryMiB;
    const most = Math.max(memoryMiB ?? 0, typeof known === "number" ? known : 0);
    found.set(pid, { pid, memoryMiB: most, smPercent: NO_ENGINES });
  }
  return [...found.values()];
}
