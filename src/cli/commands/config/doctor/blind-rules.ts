/** Which rules of a config can't work on this machine, why, and what could be watched instead. Pure. */
import type { Rule } from "../../../../config/schema/schema.ts";
import {
  type GpuMetric,
  type MachineMetric,
  type Metric,
  OURS_IDLE,
  type Reading,
  type Sample,
} from "../../../../model/machine.ts";

export interface Unworkable {
  rule: string;
  metric: Metric;
  /** UUIDs of the GPUs where it can't; empty for metrics of the machine. */
  gpus: string[];
  why: string;
  instead: string;
}

/** Metrics that show something similar, the most similar first. */
const NEAR: Partial<Record<Metric, Metric[]>> = {
  "gpu.others.utilization": ["gpu.newcomers.memoryMiB", "gpu.others.memoryMiB"],
  "gpu.newcomers.memoryMiB": ["gpu.others.memoryMiB", "gpu.memory.freeMiB"],
  "gpu.others.memoryMiB": ["gpu.newcomers.memoryMiB", "gpu.memory.freeMiB"],
  "gpu.memory.freeMiB": ["gpu.others.memoryMiB"],
  "gpu.utilization": ["gpu.power"],
  "gpu.temperature": ["gpu.throttled", "gpu.power"],
  "gpu.power": ["gpu.temperature", "gpu.utilization"],
  "gpu.throttled": ["gpu.temperature"],
  "cpu.others": ["pressure.cpu.some"],
  "pressure.cpu.some": ["cpu.others"],
  "pressure.cpu.full": ["cpu.others"],
  "pressure.memory.some": ["memory.availablePercent"],
  "pressure.memory.full": ["memory.availablePercent"],
  "memory.othersMiB": ["memory.availablePercent"],
};
const COUNTS_OWN = new Set<Metric>([
  "gpu.memory.freeMiB",
  "pressure.cpu.some",
  "gpu.power",
  "gpu.utilization",
]);

/** `sample`: as taken while a job runs that may use any GPU. */
export function unworkable(rules: Rule[], sample: Sample): Unworkable[] {
  return rules.flatMap((rule): Unworkable[] => {
    const { name, metric } = rule;
    const readings = readingsOf(metric, sample);
    const failed = readings.filter(({ reading }) => "unavailable" in reading);
    const [first] = failed;
    if (first === undefined || !("unavailable" in first.reading)) return [];
    const gpus = failed.flatMap(({ gpu }) => gpu ?? []);
    return [
      { rule: name, metric, gpus, why: first.reading.unavailable, instead: insteadOf(metric, gpus, sample) },
    ];
  });
}

/** GPU rules on a machine without a GPU: idle, which is no problem. */
export const withoutGpu = (rules: Rule[], sample: Sample): string[] =>
  sample.gpus.length > 0
    ? []
    : rules.filter(({ metric }) => metric.startsWith("gpu.")).map(({ name }) => name);

function readingsOf(metric: Metric, sample: Sample): { gpu: string | null; reading: Reading }[] {
  if (!metric.startsWith("gpu.")) return [{ gpu: null, reading: sample.machine[metric as MachineMetric] }];
  const read = metric === OURS_IDLE ? "gpu.utilization" : (metric as GpuMetric);
  return sample.gpus.map(({ uuid, metrics }) => ({ gpu: uuid, reading: metrics[read] }));
}

function insteadOf(metric: Metric, gpus: string[], sample: Sample): string {
  const near = NEAR[metric]?.find((one) =>
    readingsOf(one, sample).every(
      ({ gpu, reading }) => "value" in reading || (gpu !== null && !gpus.includes(gpu)),
    ),
  );
  if (near === undefined)
    return metric.startsWith("gpu.")
      ? "no metric here shows it: give the job a window, or pause it manually when the GPU is needed"
      : "no metric here shows it";
  return COUNTS_OWN.has(near) ? `${near}, with a threshold that leaves room for the job's own use` : near;
}
