/**
 * AMD and Intel GPUs through the kernel: /sys for the GPU, open files and the compute driver (KFD)
 * for its processes. A sleeping GPU isn't touched. Runs in the reading process.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { elapsedMs } from "../../../clock.ts";
import type { Reader } from "../nvml/read-nvml.ts";
import { type GpuReport, type ProcessReport, unreadable } from "../report.ts";
import { type CardFiles, type FileText, kfdAddress, parseCard, parseUevent } from "./parse-card.ts";
import { type DeviceUse, FdinfoSweeper, type Sweep } from "./sweep.ts";

export const VENDORS = { amd: "0x1002", intel: "0x8086" } as const;
export type Vendor = keyof typeof VENDORS;

const SLEEPS = "the GPU sleeps to save power, and reading it would wake it";
const NOT_TWICE = "it takes two looks, and this is the first";
const NO_ENGINES = "the compute driver doesn't tell the use of single processes";
/** A sweep through all processes takes up at most this part of the time, and is this old at most. */
const SHARE = 0.002;
const OLDEST_MS = 10_000;
const MIB = 1024 * 1024;

interface Card {
  directory: string;
  address: string;
  gpu: Pick<GpuReport, "uuid" | "index" | "name">;
}

const names = (path: string): string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};

function read(...path: string[]): FileText {
  try {
    return { text: readFileSync(join(...path), "utf8") };
  } catch (problem) {
    return { error: (problem as NodeJS.ErrnoException).code ?? "unknown" };
  }
}

const text = (...path: string[]): string => {
  const file = read(...path);
  return "text" in file ? file.text.trim() : "";
};

/** In the order of their PCI addresses. */
export function findCards(root: string, vendor: Vendor): Card[] {
  const drm = join(root, "sys/class/drm");
  return names(drm)
    .filter((name) => /^card\d+$/.test(name) && text(drm, name, "device/vendor") === VENDORS[vendor])
    .map((name) => {
      const directory = join(drm, name, "device");
      const address = (parseUevent(text(directory, "uevent")).PCI_SLOT_NAME ?? name).toLowerCase();
      return { directory, address };
    })
    .sort((a, b) => (a.address < b.address ? -1 : 1))
    .map((card, index) => {
      const maker = vendor === "amd" ? "AMD" : "Intel";
      const name =
        text(card.directory, "product_name") || `${maker} GPU ${text(card.directory, "device")}`.trim();
      return { ...card, gpu: { uuid: `${maker}-${card.address}`, index, name } };
    });
}

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
  const untold = `${vendor === "amd" ? "amdgpu" : "the Intel driver"} doesn't tell it`;
  const files = cardFiles(card.directory);
  return {
    ...card.gpu,
    ...parseCard(files),
    ...(vendor === "intel" && { utilization: "Intel's driver tells only the use of single processes" }),
    throttled: untold,
    processes:
      sweep === null ? "processes haven't been looked at yet" : processes(card.address, sweep, compute),
    ...(sweep !== null &&
      sweep.hidden > 0 && { partial: `${sweep.hidden} processes of other users can't be looked into` }),
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

/** Compute through KFD doesn't show in the engines of open files: its use is unknown, not 0. */
function processes(address: string, sweep: Sweep, compute: Map<string, DeviceUse[]>): ProcessReport[] {
  const found = new Map<number, ProcessReport>();
  for (const { pid, memoryMiB, percent } of sweep.devices.get(address) ?? [])
    found.set(pid, {
      pid,
      memoryMiB: memoryMiB ?? "the driver doesn't tell its memory",
      smPercent: percent ?? NOT_TWICE,
    });
  for (const { pid, memoryMiB } of compute.get(address) ?? []) {
    const known = found.get(pid)?.memoryMiB;
    const most = Math.max(memoryMiB ?? 0, typeof known === "number" ? known : 0);
    found.set(pid, { pid, memoryMiB: most, smPercent: NO_ENGINES });
  }
  return [...found.values()];
}

/** Processes that compute on AMD GPUs, with the memory they hold, by PCI address. */
function computeUse(root: string): Map<string, DeviceUse[]> {
  const kfd = join(root, "sys/class/kfd/kfd");
  const addresses = new Map<string, string>();
  for (const node of names(join(kfd, "topology/nodes"))) {
    const id = text(kfd, "topology/nodes", node, "gpu_id");
    const address = kfdAddress(text(kfd, "topology/nodes", node, "properties"));
    if (address !== null && /^[1-9]\d*$/.test(id)) addresses.set(id, address);
  }
  const found = new Map<string, DeviceUse[]>();
  for (const pid of names(join(kfd, "proc"))) {
    if (!/^\d+$/.test(pid)) continue;
    for (const [id, address] of addresses) {
      const held = text(kfd, "proc", pid, `vram_${id}`);
      if (!/^\d{1,18}$/.test(held)) continue;
      const list = found.get(address) ?? [];
      list.push({ pid: Number(pid), memoryMiB: Number(held) / MIB, percent: null });
      found.set(address, list);
    }
  }
  return found;
}
