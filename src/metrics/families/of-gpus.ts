/**
 * Each GPU as the rules see it, with the labels `gpu` and `UUID` of NVIDIA's exporter, so that its series
 * and ours can be joined. Pure.
 */
import type { Snapshot } from "../../control/protocol.ts";
import { GPU_METRICS, type GpuMetric, type GpuSample, type Reading } from "../../model/machine.ts";
import type { Family, Labels } from "../exposition.ts";
import { type As, bytes, gauge, ratio, series } from "./readings.ts";

const plain = (name: string, help: string): As => ({ name, help, scale: 1 });

const GPU: Record<GpuMetric, As> = {
  "gpu.utilization": ratio("gpu_utilization", "Share of time in which the GPU was at work."),
  "gpu.others.utilization": ratio(
    "gpu_others_utilization",
    "Share of the GPU that others are proven to use.",
  ),
  "gpu.newcomers.memoryMiB": bytes(
    "gpu_newcomers_memory",
    "GPU memory of others' processes that came after our job.",
  ),
  "gpu.others.memoryMiB": bytes("gpu_others_memory", "GPU memory held by others' processes."),
  "gpu.memory.freeMiB": bytes("gpu_memory_free", "GPU memory that nobody holds."),
  "gpu.temperature": plain("gpu_temperature_celsius", "Temperature of the GPU."),
  "gpu.power": plain("gpu_power_watts", "Power that the GPU draws."),
  "gpu.throttled": plain("gpu_throttled", "1 while the GPU slows itself down because of heat or power."),
};

const MORE: [As, (gpu: GpuSample) => Reading][] = [
  [bytes("gpu_memory_total", "GPU memory."), (gpu) => gpu.memoryTotalMiB],
  [bytes("gpu_memory_used", "GPU memory in use."), (gpu) => gpu.memoryUsedMiB],
  [plain("gpu_power_limit_watts", "Power limit in force."), (gpu) => gpu.powerLimitWatts],
];

/** A GPU by its UUID; one that isn't listed now has no number. */
export function gpuLabels({ gpus }: Pick<Snapshot, "gpus">, uuid: string | null): Labels {
  if (uuid === null) return { gpu: "", UUID: "" };
  return { gpu: gpus.find((gpu) => gpu.uuid === uuid)?.index ?? "", UUID: uuid };
}

export function ofGpus(snapshot: Snapshot): Family[] {
  const { gpus } = snapshot;
  const labels = ({ uuid }: GpuSample): Labels => gpuLabels(snapshot, uuid);
  const read: [As, (gpu: GpuSample) => Reading][] = [
    ...GPU_METRICS.map((metric): [As, (gpu: GpuSample) => Reading] => [
      GPU[metric],
      (gpu) => gpu.metrics[metric],
    ]),
    ...MORE,
  ];
  return [
    gauge(
      "gpu_info",
      "A GPU that is read; its model is a label.",
      gpus.map((gpu) => ({ labels: { ...labels(gpu), model: gpu.name }, value: 1 })),
    ),
    ...read.map(([{ name, help, scale }, of]) =>
      gauge(
        name,
        help,
        gpus.flatMap((gpu) => series(of(gpu), scale, labels(gpu))),
      ),
    ),
  ];
}
