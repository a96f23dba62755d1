/** Whether VRAM on a GPU can be moved into host memory, as far as the GPU itself shows. Pure. */
import type { GpuSample } from "../../model/machine.ts";
import { programOf } from "../../words/sentences/process.ts";

const MPS = "nvidia-cuda-mps-server";

/** Why nothing on it can be parked, half a sentence; null where nothing speaks against it. */
export function whyUnparkable({ index, device, instances = [], processes }: GpuSample): string | null {
  if (device !== undefined && device.runtime !== "cuda") return `GPU ${index} isn't one of NVIDIA's`;
  if (instances.length > 0) return `GPU ${index} is divided (MIG)`;
  if (processes.some(({ command }) => programOf(command) === MPS)) return `GPU ${index} is shared by MPS`;
  return null;
}
