/** A rule that acts on jobs, its state at this tick, and the jobs it concerns. */
import type { Config, Rule } from "../../config/schema/schema.ts";
import type { RuleState } from "../../model/decision.ts";
import { isOnSlurm, type Job } from "../../model/job.ts";
import type { GpuSample, Metric, Sample } from "../../model/machine.ts";
import { keyOf } from "./judge-rules.ts";

/** One per GPU for gpu.* rules. */
export interface RuleNow {
  readonly key: string;
  readonly rule: Readonly<Rule>;
  readonly state: Readonly<RuleState>;
  readonly gpu: Readonly<GpuSample> | null;
}

/** Skips notify-only rules. */
export function rulesNow(
  config: Config,
  states: Readonly<Record<string, RuleState>>,
  sample: Sample,
): RuleNow[] {
  const all = Object.values(states);
  return config.rules.flatMap((rule): RuleNow[] => {
    if (rule.action === "notify") return [];
    return all
      .filter((state) => state.rule === rule.name)
      .map((state) => ({ key: keyOf(rule.name, state.gpu), rule, state, gpu: gpuOf(state, sample) }));
  });
}

export const gpuOf = ({ gpu }: RuleState, sample: Sample): GpuSample | null =>
  sample.gpus.find(({ uuid }) => uuid === gpu) ?? null;

export function concerns({ key, rule }: Pick<RuleNow, "key" | "rule">, job: Job): boolean {
  if (isOnSlurm(job) !== rule.metric.startsWith("slurm.") && rule.metric !== EVERYWHERE) return false;
  return (rule.jobs === undefined || rule.jobs.includes(job.name)) && !job.misattributed.includes(key);
}

/** A run on a cluster uses nothing else of this machine: its files are in the state directory. */
const EVERYWHERE: Metric = "disk.freeMiB";

/** Excused by a manual resume until the rule has been clear once; a critical rule never is. */
export function isExcused({ key, rule }: RuleNow, { manual }: Job): boolean {
  return rule.severity !== "critical" && manual?.want === "run" && manual.excused.includes(key);
}
