/** The columns of a CSV history: what each holds, in which unit, and which values can't be right. */
import { closest } from "../../config/check/suggest.ts";
import { GPU_METRICS, type GpuMetric, MACHINE_METRICS, type MachineMetric } from "../../model/machine.ts";
import { number } from "../../words/number.ts";

export type Column =
  | { kind: "machine"; metric: MachineMetric }
  | { kind: "gpu"; index: number; metric: GpuMetric };

const GPU_COLUMN = /^gpu(\d+)\.(.+)$/;

/** `gpu0.temperature` is the metric `gpu.temperature` of GPU 0; null for a name that means nothing. */
export function columnOf(name: string): Column | null {
  const machine = MACHINE_METRICS.find((one) => one === name);
  if (machine !== undefined) return { kind: "machine", metric: machine };
  const [, index, rest] = GPU_COLUMN.exec(name) ?? [];
  const metric = GPU_METRICS.find((one) => one === `gpu.${rest}`);
  return metric === undefined || index === undefined ? null : { kind: "gpu", index: Number(index), metric };
}

export function unknownColumn(name: string): string {
  const gpu = GPU_COLUMN.exec(name)?.[1] ?? "0";
  const known = [...MACHINE_METRICS, ...GPU_METRICS.map((one) => one.replace(/^gpu\./, `gpu${gpu}.`))];
  const guess = closest(name, known);
  const of = name.startsWith("gpu.") ? " A GPU's columns bear its index, such as gpu0.temperature." : "";
  return `there is no metric '${name}'.${guess === null ? of : ` Did you mean '${guess}'?`}`;
}

/** Metrics that count, each with what it counts. */
const COUNTS: Partial<Record<MachineMetric | GpuMetric, string>> = {
  "process.running": "processes",
  "slurm.pendingOthers": "jobs",
  "slurm.idleNodes": "nodes",
};

const MIB_AT_MOST = 64 * 1024 * 1024;

/** What is wrong with a value of this metric, as a sentence; null if nothing is. */
export function oddValue(metric: MachineMetric | GpuMetric, value: number): string | null {
  const is = (unit: string, hint: string): string => `${metric} is in ${unit}, got ${number(value)}.${hint}`;
  if (metric === "gpu.temperature")
    return value < -50 || value > 150 ? is("°C", " Kelvin or Fahrenheit won't do.") : null;
  if (metric === "gpu.power")
    return value < 0 || value > 10_000 ? is("watts", " Milliwatts won't do.") : null;
  if (metric === "gpu.throttled")
    return value === 0 || value === 1 ? null : `${metric} is 0 or 1, got ${number(value)}.`;
  const counted = COUNTS[metric];
  if (counted !== undefined) return value < 0 ? is(counted, "") : null;
  if (metric.endsWith("MiB"))
    return value < 0 || value > MIB_AT_MOST ? is("MiB", " Bytes or KiB won't do.") : null;
  if (metric.startsWith("slurm."))
    return value < 0 || value > 100 ? is("percent of the partitions, 0 to 100", "") : null;
  const of = metric.startsWith("gpu.") ? "one GPU" : "the whole machine";
  return value < 0 || value > 100
    ? is(`percent of ${of}, 0 to 100`, " Of one core, divide it by the number of cores.")
    : null;
}

/** Whether its values should reach beyond 1: shares are easily taken for percent. */
export const isPercent = (metric: MachineMetric | GpuMetric): boolean =>
  !metric.endsWith("MiB") &&
  !(metric in COUNTS) &&
  !["gpu.temperature", "gpu.power", "gpu.throttled"].includes(metric);
