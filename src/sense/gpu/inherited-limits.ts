/**
 * The GPUs that the supervisor's own environment leaves to it. Whoever starts it with `CUDA_VISIBLE_DEVICES=1`
 * (a person, a batch system) limits what its jobs may have. Pure.
 */
import type { GpuDevice, GpuSample } from "../../model/machine.ts";

/** The first of a runtime's variables that is set counts. */
const VARIABLES: Record<GpuDevice["runtime"], string[]> = {
  cuda: ["CUDA_VISIBLE_DEVICES"],
  rocm: ["ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"],
  "level-zero": ["ZE_AFFINITY_MASK"],
};

/** The same GPU, barred where the environment leaves it out. */
export function withinLimits(gpu: GpuSample, env: NodeJS.ProcessEnv): GpuSample {
  if (gpu.device === undefined) return gpu;
  const name = VARIABLES[gpu.device.runtime].find((one) => env[one] !== undefined);
  const value = name === undefined ? undefined : env[name];
  // Level Zero takes an empty mask for none.
  if (value === undefined || (value === "" && gpu.device.runtime === "level-zero")) return gpu;
  if (names(value, gpu)) return gpu;
  return { ...gpu, barred: `the supervisor was started with ${name}=${value}` };
}

/** As the runtimes read it: numbers and beginnings of UUIDs, up to the first that is neither. */
function names(value: string, { uuid, device, instances = [] }: GpuSample): boolean {
  for (const entry of value.split(",").map((one) => one.trim())) {
    // Of a GPU in several tiles, Level Zero also takes "0.1".
    if (/^\d+(\.\d+)?$/.test(entry)) {
      if (Number.parseInt(entry, 10) === device?.number) return true;
    } else if (/^(GPU|MIG)-./.test(entry)) {
      const known = [uuid, device?.alias ?? "", ...instances.map((part) => part.uuid)];
      if (known.some((one) => one.toLowerCase().startsWith(entry.toLowerCase()))) return true;
    } else return false;
  }
  return false;
}
