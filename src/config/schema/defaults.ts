/** The rules in force where a config has none: careful with GPUs and memory, lenient about the CPU. */
import type { Rule } from "./schema.ts";

const forAll = { action: "pause", severity: "normal", countNice: true } as const;

export const DEFAULT_RULES: Rule[] = [
  {
    ...forAll,
    name: "somebody else computes on the GPU",
    metric: "gpu.others.utilization",
    above: 25,
    forSeconds: 8,
    clear: { below: 10, forSeconds: 300 },
  },
  {
    ...forAll,
    name: "somebody new needs VRAM",
    metric: "gpu.newcomers.memoryMiB",
    above: 300,
    forSeconds: 2,
    clear: { below: 300, forSeconds: 300 },
  },
  {
    ...forAll,
    name: "somebody else computes on the CPU",
    metric: "cpu.others",
    above: 60,
    forSeconds: 10,
    clear: { below: 30, forSeconds: 30 },
    // Whether CPU use by others matters differs from machine to machine, so it is only reported.
    action: "notify",
  },
  {
    ...forAll,
    name: "GPU too hot",
    metric: "gpu.temperature",
    above: 90,
    forSeconds: 30,
    clear: { below: 75, forSeconds: 60 },
    action: "freeze",
  },
  {
    ...forAll,
    name: "a GPU is held for nothing",
    metric: "gpu.ours.idle",
    above: 95,
    forSeconds: 1800,
    clear: { below: 90, forSeconds: 60 },
    action: "notify",
  },
  {
    ...forAll,
    name: "host memory nearly gone",
    metric: "memory.availablePercent",
    below: 5,
    forSeconds: 2,
    clear: { above: 15, forSeconds: 60 },
    severity: "critical",
  },
];
