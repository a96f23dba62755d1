/** What one run uses of the GPUs that it is on, as far as the driver tells it. Pure. */
import type { GpuSample } from "../model/machine.ts";
import type { Run } from "../model/run.ts";

export interface GpuUse {
  /** Of its GPUs, on average; null where it can't be told from what others use. */
  percent: number | null;
  /** Of its GPUs together; null where one doesn't tell it, or somebody else is there. */
  watts: number | null;
  /** By the UUID of the GPU, where it holds any. */
  heldMiB: Record<string, number>;
}

export function gpuUse({ id, gpus: placed }: Run, gpus: readonly GpuSample[]): GpuUse | null {
  const on = gpus.filter(
    ({ uuid, processes }) => placed.includes(uuid) || processes.some(({ ours }) => ours === id),
  );
  if (on.length === 0) return null;
  const heldMiB: Record<string, number> = {};
  for (const gpu of on) {
    const held = heldOn(gpu, id);
    if (held > 0) heldMiB[gpu.uuid] = held;
  }
  const percent = sumOf(on, (gpu) => percentOn(gpu, id));
  return {
    percent: percent === null ? null : percent / on.length,
    watts: sumOf(on, (gpu) => (isAlone(gpu, id) ? value(gpu, "gpu.power") : null)),
    heldMiB,
  };
}

export const heldOn = ({ processes }: GpuSample, run: string): number =>
  processes.reduce((sum, one) => sum + (one.ours === run ? (one.gpuMemoryMiB ?? 0) : 0), 0);

/** By its own processes where each is told, else the whole GPU's where nobody else is there. */
export function percentOn(gpu: GpuSample, run: string): number | null {
  const own = gpu.processes.filter(({ ours }) => ours === run);
  if (own.length > 0 && own.every(({ gpuPercent }) => gpuPercent !== undefined))
    return Math.min(
      100,
      own.reduce((sum, { gpuPercent = 0 }) => sum + gpuPercent, 0),
    );
  return isAlone(gpu, run) ? value(gpu, "gpu.utilization") : null;
}

/** The list of processes can be read, and holds nobody else but programs that don't count. */
const isAlone = ({ processes, metrics }: GpuSample, run: string): boolean =>
  "value" in metrics["gpu.others.memoryMiB"] &&
  processes.every(({ ours, counts }) => ours === run || counts === false);

const value = ({ metrics }: GpuSample, metric: "gpu.power" | "gpu.utilization"): number | null => {
  const reading = metrics[metric];
  return "value" in reading ? reading.value : null;
};

/** Null where one of them isn't known. */
function sumOf(gpus: readonly GpuSample[], of: (gpu: GpuSample) => number | null): number | null {
  let sum = 0;
  for (const gpu of gpus) {
    const one = of(gpu);
    if (one === null) return null;
    sum += one;
  }
  return sum;
}
