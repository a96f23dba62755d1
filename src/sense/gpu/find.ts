/**
 * Which GPUs this machine has, and which reader can read them. Looks at /dev, /proc and /sys only: starts
 * nothing where there is no GPU, and wakes none that sleeps.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hiddenHostPids } from "../proc/container.ts";
import { findCards } from "./drm/find-cards.ts";
import type { Task } from "./read-gpus.ts";

/** A library to load in place of the driver's, for tests. Its pids count as this machine's. */
export const NVML_VARIABLE = "GPU_JOB_SUPERVISOR_NVML";

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

export type Found =
  | { task: Omit<Task, "paceMs">; blind: string | null }
  /** Why there is nothing to read; `lookAgainMs`: time until the next search. */
  | { task: null; reason: string; lookAgainMs: number };

export interface Where {
  /** Where /dev, /proc and /sys are. */
  root?: string;
  env?: NodeJS.ProcessEnv;
}

export function findGpus({ root = "/", env = process.env }: Where = {}): Found {
  const given = env[NVML_VARIABLE];
  if (given) return { task: { source: "nvml", libraries: [given], root }, blind: null };
  if (process.platform !== "linux")
    return { task: null, reason: `GPUs aren't read on ${process.platform}`, lookAgainMs: 3_600_000 };
  const wsl = existsSync(join(root, "dev/dxg"));
  const nvidia = names(root, "dev").some((name) => /^nvidia\d+$/.test(name));
  if (nvidia || wsl) {
    if (!wsl && allAsleep(root)) return { task: null, reason: ASLEEP, lookAgainMs: 5000 };
    const blind = wsl ? "under WSL2 the driver doesn't report which process uses the GPU" : hiddenPids();
    return { task: { source: "nvml", libraries: LIBRARIES, root }, blind };
  }
  for (const source of ["amd", "intel"] as const)
    if (findCards(root, source).length > 0) return { task: { source, root }, blind: hiddenPids() };
  if (existsSync(join(root, "proc/driver/nvidia/version")))
    return {
      task: null,
      reason: "the NVIDIA driver is loaded, but has no GPU here",
      lookAgainMs: 60_000,
    };
  const reason = "no GPU was found: no NVIDIA driver is loaded, and no AMD or Intel device is there";
  return { task: null, reason, lookAgainMs: 60_000 };
}

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

/** Whether every NVIDIA GPU on the PCI bus is suspended. A missing file means awake. */
export function allAsleep(root = "/"): boolean {
  const bus = join(root, "sys/bus/pci/devices");
  const gpus = names(root, "sys/bus/pci/devices").filter(
    (device) => read(bus, device, "vendor") === NVIDIA && read(bus, device, "class").startsWith("0x03"),
  );
  return gpus.length > 0 && gpus.every((gpu) => read(bus, gpu, "power/runtime_status") === "suspended");
}
