/** Which GPUs a job can go to now. One supervised job to a GPU; never a GPU that is in pressure. */
import { type GpuSample, runOf, type WaitingFor } from "../model.ts";
import type { SupervisedJob } from "../ports.ts";
import { processes, size } from "./say.ts";
import type { Scene } from "./scene.ts";

export interface Placed {
  gpus: string[];
  waits: WaitingFor[];
}

/**
 * @param blocked what the rules of one GPU hold against this job
 * A held run stays where it is.
 */
export function place(job: SupervisedJob, scene: Scene, blocked: (gpu: string) => WaitingFor[]): Placed {
  const { gpuIds } = job.spec;
  const run = runOf(job);
  if (run !== null) return { gpus: run.gpus, waits: run.gpus.flatMap(blocked) };
  const count = gpuIds?.length ?? job.spec.gpus ?? 0;
  if (count === 0) return { gpus: [], waits: [] };
  if (gpuIds !== undefined) {
    const found = gpuIds.map((id) =>
      scene.sample.gpus.find(({ uuid, index }) => id === uuid || id === index),
    );
    const missing = gpuIds.filter((_, at) => found[at] === undefined);
    const waits = found.flatMap((gpu) => (gpu === undefined ? [] : against(job, gpu, scene, blocked)));
    if (missing.length > 0) waits.push(notThere(`GPU ${missing.join(", ")}`, scene));
    return { gpus: found.flatMap((gpu) => (gpu === undefined ? [] : [gpu.uuid])), waits };
  }
  const rated = scene.sample.gpus
    .map((gpu) => ({ gpu, waits: against(job, gpu, scene, blocked) }))
    .sort((a, b) => a.waits.length - b.waits.length || (freeMiB(b.gpu) ?? 0) - (freeMiB(a.gpu) ?? 0));
  const chosen = rated.slice(0, count);
  const waits = chosen.flatMap((one) => one.waits);
  if (chosen.length < count) waits.push(notThere(`${count} ${count === 1 ? "GPU" : "GPUs"}`, scene));
  return { gpus: chosen.map(({ gpu }) => gpu.uuid), waits };
}

function notThere(what: string, { sample }: Scene): WaitingFor {
  const why = sample.gpusUnavailable ?? `${sample.gpus.length} of them can be seen`;
  return { code: "sensor", text: `needs ${what}: ${why}` };
}

function against(
  job: SupervisedJob,
  gpu: GpuSample,
  scene: Scene,
  blocked: (gpu: string) => WaitingFor[],
): WaitingFor[] {
  const holder = Object.values(scene.jobs).find(
    (other) => other.name !== job.name && (runOf(other)?.gpus.includes(gpu.uuid) ?? false),
  );
  const waits = blocked(gpu.uuid);
  if (holder !== undefined)
    waits.push({ code: "gpu-claimed", text: `GPU ${gpu.index} is held by '${holder.name}'`, gpu: gpu.uuid });
  const need = job.spec.gpuMemoryMiB;
  if (need === undefined) return waits;
  const free = freeMiB(gpu);
  if (free === null)
    waits.push({ code: "sensor", text: `the memory of GPU ${gpu.index} can't be read`, gpu: gpu.uuid });
  else if (free < need) waits.push(tooFull(gpu, need, free));
  return waits;
}

function tooFull(gpu: GpuSample, need: number, free: number): WaitingFor {
  const foreign = gpu.processes
    .filter(({ ours }) => ours === null)
    .sort((a, b) => (b.gpuMemoryMiB ?? 0) - (a.gpuMemoryMiB ?? 0));
  const who = processes(foreign.slice(0, 1));
  const holds = who === null ? "" : `; ${who} holds ${size(foreign[0]?.gpuMemoryMiB ?? 0)}`;
  const text = `needs ${size(need)} on GPU ${gpu.index}, ${size(free)} free${holds}`;
  return { code: "gpu-memory", text, gpu: gpu.uuid, processes: foreign };
}

function freeMiB({ memoryTotalMiB: total, memoryUsedMiB: used }: GpuSample): number | null {
  return "value" in total && "value" in used ? total.value - used.value : null;
}
