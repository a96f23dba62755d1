/**
 * Where GPU readings come from: an interface, and its first implementation, which finds none and
 * says truthfully why. Must never start a program or wait.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { GpuSample, Now } from "../../model.ts";
import type { LiveRun } from "../../ports.ts";

export interface GpuSource {
  /** Never throws, never waits. `unavailable`: why `gpus` is empty, else null. */
  read(now: Now, runs: LiveRun[]): { gpus: GpuSample[]; unavailable: string | null };
  close(): void;
}

const LOOK_AGAIN_MS = 60_000;

/** A source without GPUs. `root`: where /dev, /proc and /sys are. */
export function noGpus(root = "/"): GpuSource {
  let unavailable = "";
  let lookAtMs = Number.NEGATIVE_INFINITY;
  return {
    read({ monotonicMs }) {
      if (monotonicMs >= lookAtMs) {
        lookAtMs = monotonicMs + LOOK_AGAIN_MS;
        unavailable = lookForGpus(root);
      }
      return { gpus: [], unavailable };
    },
    close() {},
  };
}

/** One sentence fragment on which GPUs this machine shows, and why they aren't read. */
export function lookForGpus(root = "/"): string {
  const names = (path: string): string[] => {
    try {
      return readdirSync(join(root, path));
    } catch {
      return [];
    }
  };
  const nvidia = names("dev").filter((name) => /^nvidia\d+$/.test(name));
  if (nvidia.length > 0) {
    return `${nvidia.map((name) => `/dev/${name}`).join(", ")}: an NVIDIA GPU is there, but this version can't read it yet`;
  }
  if (existsSync(join(root, "proc/driver/nvidia"))) {
    return "the NVIDIA driver is loaded, but it shows no GPU here";
  }
  const amd = names("sys/class/drm").filter(
    (card) =>
      /^card\d+$/.test(card) && existsSync(join(root, "sys/class/drm", card, "device", "gpu_busy_percent")),
  );
  if (amd.length > 0) {
    return `${amd.join(", ")}: an AMD GPU is there, but this version can't read it yet`;
  }
  return "no GPU was found: no NVIDIA driver is loaded and no amdgpu device is there";
}
