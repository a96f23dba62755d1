/**
 * The environment variables by which a program is told its GPUs, for the runtimes of all makers. Must name
 * the placed GPUs and no other: what a program uses beside them, nobody guards. Pure.
 */
import type { JobSpec } from "../../config/schema/job-schema.ts";
import type { GpuDevice, GpuSample } from "../../model/machine.ts";

/** For a job that is to have none. */
const NO_DEVICES: Record<string, string> = {
  CUDA_VISIBLE_DEVICES: "",
  HIP_VISIBLE_DEVICES: "-1",
  ONEAPI_DEVICE_SELECTOR: "*:cpu",
};

type Told = Pick<GpuSample, "uuid" | "device">;

export function deviceVariables(
  gpus: readonly Told[],
  { gpus: wanted, gpuNames }: Pick<JobSpec, "gpus" | "gpuNames">,
): Record<string, string> {
  if (wanted === 0) return NO_DEVICES;
  const of = (runtime: GpuDevice["runtime"]): Told[] =>
    gpus.filter(({ device }) => device?.runtime === runtime);
  const [cuda, rocm, intel] = [of("cuda"), of("rocm"), of("level-zero")];
  return {
    // Of another maker's GPUs: NVIDIA's, which a CUDA program would use, are hidden.
    ...(gpus.length > 0 && { CUDA_VISIBLE_DEVICES: "" }),
    ...(cuda.length > 0 && {
      CUDA_VISIBLE_DEVICES: gpuNames === "index" ? numbers(cuda) : cuda.map(({ uuid }) => uuid).join(","),
      // CUDA numbers by speed, the driver by place.
      CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    }),
    ...(rocm.length > 0 && {
      ROCR_VISIBLE_DEVICES: numbers(rocm),
      // Counted among those that the line above leaves.
      HIP_VISIBLE_DEVICES: [...rocm.keys()].join(","),
      GPU_DEVICE_ORDINAL: [...rocm.keys()].join(","),
    }),
    ...(intel.length > 0 && {
      ZE_ENABLE_PCI_ID_DEVICE_ORDER: "1",
      ZE_AFFINITY_MASK: numbers(intel),
      ONEAPI_DEVICE_SELECTOR: "level_zero:gpu;*:cpu",
    }),
  };
}

const numbers = (gpus: Told[]): string => gpus.map(({ device }) => device?.number).join(",");
