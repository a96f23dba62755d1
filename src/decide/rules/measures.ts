/** What each metric measures, in words, and which resource a pause would relieve. */

import type { Metric } from "../../model/machine.ts";
import { plural } from "../../words/list.ts";
import { number, percent } from "../../words/number.ts";
import { size } from "../../words/size.ts";

export type Resource = "cpu" | "memory" | "gpu" | "any";

export interface Measure {
  relieves: Resource;
  /** "‹someone› ‹verb› ‹value› ‹of›": whose use it is. */
  who: "others" | "machine";
  /** The subject of a sentence about the machine, or about what others use. */
  words: string;
  show: (value: number) => string;
}

const machine = (relieves: Resource, words: string, show: Measure["show"]): Measure => ({
  relieves,
  who: "machine",
  words,
  show,
});
const others = (relieves: Resource, words: string, show: Measure["show"]): Measure => ({
  relieves,
  who: "others",
  words,
  show,
});

export const MEASURES: Record<Metric, Measure> = {
  "cpu.total": machine("cpu", "CPU use", percent),
  "cpu.others": others("cpu", "of the CPU", percent),
  "memory.availableMiB": machine("memory", "available memory", size),
  "memory.availablePercent": machine("memory", "available memory", percent),
  "memory.othersMiB": others("memory", "of memory", size),
  "swap.usedMiB": machine("memory", "used swap", size),
  "pressure.cpu.some": machine("cpu", "CPU pressure (some)", percent),
  "pressure.cpu.full": machine("cpu", "CPU pressure (full)", percent),
  "pressure.memory.some": machine("memory", "memory pressure (some)", percent),
  "pressure.memory.full": machine("memory", "memory pressure (full)", percent),
  "pressure.io.some": machine("any", "I/O pressure (some)", percent),
  "pressure.io.full": machine("any", "I/O pressure (full)", percent),
  "disk.freeMiB": machine("any", "free disk space", size),
  "battery.percent": machine("any", "the battery", percent),
  "slurm.pendingOthers": machine("any", "the queue of other users' jobs", (value) => plural(value, "job")),
  "slurm.idleNodes": machine("any", "idle nodes", number),
  "slurm.othersPercent": machine("any", "other users' share of the cluster's CPUs", percent),
  "process.running": machine("any", "the number of its programs that run", (value) =>
    plural(value, "program"),
  ),
  "gpu.utilization": machine("gpu", "GPU use", percent),
  "gpu.others.utilization": others("gpu", "of the GPU", percent),
  "gpu.newcomers.memoryMiB": others("gpu", "of its memory, started since", size),
  "gpu.others.memoryMiB": others("gpu", "of its memory", size),
  "gpu.memory.freeMiB": machine("gpu", "free GPU memory", size),
  "gpu.temperature": machine("gpu", "the GPU", (value) => `${number(value)} °C`),
  "gpu.power": machine("gpu", "GPU power", (value) => `${number(value)} W`),
  "gpu.throttled": machine("gpu", "GPU throttling", number),
  "gpu.ours.idle": machine("gpu", "what jobs leave unused", percent),
};

/** GPU memory is freed only by leaving the GPU; all other GPU use ends when the job stands still. */
export const needsMemory = (metric: Metric): boolean =>
  MEASURES[metric].relieves === "memory" || (metric.startsWith("gpu.") && metric.includes("emory"));
