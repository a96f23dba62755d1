/**
 * Environment variables that name GPUs. A job's placement sets them; a job that set them otherwise would
 * work on one GPU while another is held and watched for it. Pure.
 */
import { type Entry, type Fields, formatPath, show } from "../../problem.ts";
import type { Finding } from "../explain.ts";

export const DEVICE_VARIABLES = [
  "CUDA_VISIBLE_DEVICES",
  "CUDA_DEVICE_ORDER",
  "NVIDIA_VISIBLE_DEVICES",
  "HIP_VISIBLE_DEVICES",
  "ROCR_VISIBLE_DEVICES",
  "GPU_DEVICE_ORDINAL",
  "ZE_AFFINITY_MASK",
  "ZE_ENABLE_PCI_ID_DEVICE_ORDER",
  "ONEAPI_DEVICE_SELECTOR",
];

export function checkDevices({ path, fields }: Entry): Finding[] {
  const { env } = fields;
  if (typeof env !== "object" || env === null || Array.isArray(env)) return [];
  return DEVICE_VARIABLES.filter((name) => Object.hasOwn(env, name)).map((name) => {
    const here = [...path, "env", name];
    const value = (env as Fields)[name];
    return {
      path: here,
      part: "key",
      message: `${formatPath(here)} must not be set, got ${show(value)}: the supervisor tells the job its GPUs, and would hold and watch others. ${instead(name, value)}`,
    };
  });
}

/** Names of an environment file that name GPUs: the placement overrides them. */
export function namedDevices(names: string[]): string | null {
  const [first] = names.filter((name) => DEVICE_VARIABLES.includes(name));
  return first === undefined
    ? null
    : `sets ${first}, which the supervisor overrides on the GPUs that it gives the job. Use "gpuIds" or "gpus".`;
}

/** What means the same, where the value tells; the numbers of other runtimes aren't ours. */
function instead(name: string, value: unknown): string {
  const same = name === "CUDA_VISIBLE_DEVICES" && typeof value === "string" ? placementBy(value) : null;
  if (same === null) return `Use "gpuIds" (or "gpus": 0 for none).`;
  if ("gpus" in same) return `Write "gpus": 0.`;
  return `Write "gpuIds": [${same.gpuIds.map((id) => JSON.stringify(id)).join(", ")}].`;
}

/** The fields of a job that place it as this value of `CUDA_VISIBLE_DEVICES` would; null where that can't be told. */
export function placementBy(value: string): { gpus: 0 } | { gpuIds: (number | string)[] } | null {
  const entries = value.split(",").map((one) => one.trim());
  if (entries[0] === "" || entries[0] === "-1") return { gpus: 0 };
  if (!entries.every((one) => /^\d+$/.test(one) || /^GPU-[\w-]+$/.test(one))) return null;
  return { gpuIds: entries.map((one) => (/^\d+$/.test(one) ? Number(one) : one)) };
}
