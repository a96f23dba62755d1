/**
 * Which GPUs this machine has, and which reader can read them. Looks at /dev, /proc and /sys only: starts
 * nothing where there is no GPU, and wakes none that sleeps.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isPlace } from "../../model/machine.ts";
import { hiddenHostPids } from "../proc/container.ts";
import { findCards } from "./drm/find-cards.ts";
import type { Task } from "./reader/read-gpus.ts";

/** A library to load in place of the driver's, for tests. Its pids count as this machine's. */
export const NVML_VARIABLE = "GPU_JOB_SUPERVISOR_NVML";

/** Where /dev, /proc and /sys are for GPUs, for tests. */
export const ROOT_VARIABLE = "GPU_JOB_SUPERVISOR_GPU_ROOT";

const LIBRARIES = [
  "libnvidia-ml.so.1",
  "/usr/lib/wsl/lib/libnvidia-ml.so.1",
  "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
  "/usr/lib64/libnvidia-ml.so.1",
  "/run/opengl-driver/lib/libnvidia-ml.so.1",
];
const NVIDIA = "0x10de";
/** Why a sleeping GPU isn't read. */
export const ASLEEP = "the NVIDIA GPU sleeps to save power, and reading it would wake it";

export interface Source {
  maker: "NVIDIA" | "AMD or Intel";
  task: Omit<Task, "paceMs">;
  /** Why the driver's pids identify no process, or null. */
  blind: string | null;
  /** It has a GPU on which jobs are placed by default. */
  places: boolean;
}

export interface Found {
  /** NVIDIA's first: its GPUs keep the driver's numbers. */
  sources: Source[];
  /** Why there is no source, or what isn't read beside them. */
  missing: string | null;
  /** Time until the next search. */
  lookAgainMs: number;
}

export interface Where {
  /** Where /dev, /proc and /sys are. */
  root?: string;
  env?: NodeJS.ProcessEnv;
}

const SOON_MS = 5000;
const LATER_MS = 60_000;

export function findGpus({ env = process.env, root = env[ROOT_VARIABLE] ?? "/" }: Where = {}): Found {
  const given = env[NVML_VARIABLE];
  if (process.platform !== "linux" && !given)
    return {
      sources: [],
      missing: `GPUs aren't read on ${process.platform}`,
      lookAgainMs: 60 * LATER_MS,
    };
  const nvidia = given ? [nvml([given], root, null)] : findNvidia(root);
  // A library given by hand stands for all that there is, unless the rest is given, too.
  const others = given && !env[ROOT_VARIABLE] ? [] : findOthers(root);
  const sources = [...(typeof nvidia === "string" ? [] : nvidia), ...others];
  if (typeof nvidia === "string") return { sources, missing: nvidia, lookAgainMs: SOON_MS };
  return { sources, missing: sources.length > 0 ? null : whyNone(root), lookAgainMs: LATER_MS };
}

const nvml = (libraries: string[], root: string, blind: string | null): Source => ({
  maker: "NVIDIA",
  task: { source: "nvml", libraries, root },
  blind,
  places: true,
});

/** As text: why the GPU that is there isn't read. */
function findNvidia(root: string): Source[] | string {
  const wsl = existsSync(join(root, "dev/dxg"));
  const there = nvidiaDevices(root).length > 0;
  if (!there && !wsl) return [];
  if (!wsl && allAsleep(root)) return ASLEEP;
  const blind = wsl ? "under WSL2 the driver doesn't report which process uses the GPU" : hiddenPids();
  return [nvml(LIBRARIES, root, blind)];
}

function findOthers(root: string): Source[] {
  const cards = findCards(root);
  if (cards.length === 0) return [];
  // Intel's driver tells next to nothing of the GPU itself, and its processes are looked for rarely anyway.
  const rarely = cards.every(({ maker }) => maker === "Intel");
  const task = { source: "kernel" as const, root, ...(rarely && { rarely }) };
  const places = cards.some(({ gpu }) => isPlace(gpu));
  return [{ maker: "AMD or Intel", task, blind: hiddenPids(), places }];
}

const whyNone = (root: string): string =>
  existsSync(join(root, "proc/driver/nvidia/version"))
    ? "the NVIDIA driver is loaded, but has no GPU here"
    : "no GPU was found: no NVIDIA driver is loaded, and no AMD or Intel device is there";

/** Drivers report the host's pids, which can't be looked up in a container. */
const hiddenPids = (): string | null =>
  hiddenHostPids() === null
    ? null
    : "this is a container: the host's processes are hidden, so GPU use can't be attributed";

const names = (root: string, path: string): string[] => {
  try {
    return readdirSync(join(root, path));
  } catch {
    return [];
  }
};

const read = (...path: string[]): string => {
  try {
    return readFileSync(join(...path), "utf8").trim();
  } catch {
    return "";
  }
};

/** NVIDIA's GPUs on the PCI bus, by the names of their folders. */
function nvidiaOnBus(root: string): string[] {
  const bus = join(root, "sys/bus/pci/devices");
  return names(root, "sys/bus/pci/devices").filter(
    (device) => read(bus, device, "vendor") === NVIDIA && read(bus, device, "class").startsWith("0x03"),
  );
}

/** How many NVIDIA GPUs there are, whether they are read or not. */
export const countNvidia = (root = "/"): number =>
  Math.max(nvidiaOnBus(root).length, nvidiaDevices(root).length);

const nvidiaDevices = (root: string): string[] =>
  names(root, "dev").filter((name) => /^nvidia\d+$/.test(name));

/** Whether every NVIDIA GPU on the PCI bus is suspended. A missing file means awake. */
export function allAsleep(root = "/"): boolean {
  const bus = join(root, "sys/bus/pci/devices");
  const gpus = nvidiaOnBus(root);
  return gpus.length > 0 && gpus.every((gpu) => read(bus, gpu, "power/runtime_status") === "suspended");
}
