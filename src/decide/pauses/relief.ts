/**
 * How much the pause of a job would give back of what a rule is about, and how much would be enough. In the
 * rule's own unit: percent of the CPU or of one GPU, or MiB. Pure.
 */
import { type Figure, peak } from "../../model/figure.ts";
import type { Job } from "../../model/job.ts";
import type { Reading, Sample } from "../../model/machine.ts";
import { runOf } from "../../model/state.ts";
import { heldOn, percentOn } from "../gpu-use.ts";
import { gpuMemoryOf } from "../learned.ts";
import { MEASURES, needsMemory } from "../rules/measures.ts";
import type { RuleNow } from "../rules/rule-now.ts";
import { totalMiB } from "../starts/room.ts";

/** What the job uses now, else what it was learned to use; null where neither is known. */
export function reliefOf(job: Job, { rule, gpu }: RuleNow, sample: Sample): number | null {
  const run = runOf(job);
  if (run === null) return null;
  const { relieves } = MEASURES[rule.metric];
  const { learned } = job;
  if (gpu !== null) {
    if (needsMemory(rule.metric)) return heldOn(gpu, run.id) || expected(gpuMemoryOf(learned));
    return percentOn(gpu, run.id) ?? expected(learned.gpuPercent);
  }
  const use = sample.runs[run.id];
  if (relieves === "cpu") return valueIn(use?.cpuPercent) ?? expected(learned.cpuPercent);
  if (relieves === "memory") return valueIn(use?.memoryMiB) ?? expected(learned.memoryMiB);
  return null;
}

/**
 * What takes the reading back to the threshold; of a rule about others, as much as they use, since they are
 * to have it. Null where the reading isn't in the unit of what a pause gives back (a temperature, a stall).
 */
export function neededBy({ rule, state }: RuleNow, sample: Sample): number | null {
  const { lastValue: value } = state;
  if (value === null) return null;
  switch (rule.metric) {
    case "cpu.others":
    case "memory.othersMiB":
    case "gpu.others.utilization":
    case "gpu.others.memoryMiB":
    case "gpu.newcomers.memoryMiB":
      return value;
    case "cpu.total":
    case "gpu.utilization":
      return rule.above === undefined ? null : Math.max(0, value - rule.above);
    case "memory.availableMiB":
    case "gpu.memory.freeMiB":
      return rule.below === undefined ? null : Math.max(0, rule.below - value);
    case "memory.availablePercent": {
      const total = totalMiB(sample);
      return rule.below === undefined || total === null
        ? null
        : (Math.max(0, rule.below - value) / 100) * total;
    }
    default:
      return null;
  }
}

const expected = (figure: Figure | undefined): number | null => (figure === undefined ? null : peak(figure));

const valueIn = (reading: Reading | undefined): number | null =>
  reading !== undefined && "value" in reading ? reading.value : null;
