/** A rule that acts on jobs, its state at this tick, and the jobs it concerns. */
import type { Config, Rule } from "../../config/schema/schema.ts";
import type { RuleState } from "../../model/decision.ts";
import { isOnSlurm, type Job } from "../../model/job.ts";
import type { GpuSample, Metric, Sample } from "../../model/machine.ts";
import type { PolicyMemory } from "../world.ts";

/** A rule's name, and the GPU's UUID for gpu.* rules. */
export const keyOf = (rule: string, gpu: string | null): string => (gpu === null ? rule : `${rule}@${gpu}`);

/** One per GPU for gpu.* rules. */
export interface RuleNow {
  readonly key: string;
  readonly rule: Readonly<Rule>;
  readonly state: Readonly<RuleState>;
  readonly gpu: Readonly<GpuSample> | null;
  /** Others' use that it reads came and went with so many runs of this job. */
  readonly comesWith?: { readonly job: string; readonly runs: number };
  /** Of a rule on what jobs leave unused of a GPU: the jobs at work that hold it. */
  readonly holders?: readonly string[];
}

/** Skips notify-only rules. */
export function rulesNow(
  config: Config,
  states: Readonly<Record<string, RuleState>>,
  sample: Sample,
  companions: PolicyMemory["companions"] = {},
): RuleNow[] {
  const all = Object.values(states);
  return config.rules.flatMap((rule): RuleNow[] => {
    if (rule.action === "notify") return [];
    return all
      .filter((state) => state.rule === rule.name)
      .map((state) => {
        const now = { key: keyOf(rule.name, state.gpu), rule, state, gpu: gpuOf(state, sample) };
        const comesWith = companionOf(now, companions);
        return comesWith === null ? now : { ...now, comesWith };
      });
  });
}

const OF_OTHERS: readonly Metric[] = ["cpu.others", "gpu.others.utilization"];

/** The job that the rule's load was found to come and go with. */
function companionOf(
  { rule, gpu, state }: RuleNow,
  companions: NonNullable<PolicyMemory["companions"]>,
): NonNullable<RuleNow["comesWith"]> | null {
  if (!OF_OTHERS.includes(rule.metric)) return null;
  for (const [job, { told }] of Object.entries(companions))
    if (told !== undefined && told.gpu === (state.gpu === null ? null : gpu?.index))
      return { job, runs: told.runs };
  return null;
}

export const gpuOf = ({ gpu }: RuleState, sample: Sample): GpuSample | null =>
  sample.gpus.find(({ uuid }) => uuid === gpu) ?? null;

export const concerns = (rule: Pick<RuleNow, "key" | "rule">, job: Job): boolean =>
  governs(rule, job) && !job.misattributed.includes(rule.key);

/** By its config, also where it was found to blame the job for its own use. */
export function governs({ rule }: Pick<RuleNow, "rule">, job: Job): boolean {
  if (isOnSlurm(job) !== rule.metric.startsWith("slurm.") && rule.metric !== EVERYWHERE) return false;
  return rule.jobs === undefined || rule.jobs.includes(job.name);
}

/** A run on a cluster uses nothing else of this machine: its files are in the state directory. */
const EVERYWHERE: Metric = "disk.freeMiB";

/** Excused by a manual resume until the rule has been clear once; a critical rule never is. */
export function isExcused({ key, rule }: RuleNow, { manual }: Job): boolean {
  return rule.severity !== "critical" && manual?.want === "run" && manual.excused.includes(key);
}
