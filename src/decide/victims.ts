/**
 * Who has to make room. For each rule in pressure: of the jobs whose pause would relieve that very
 * resource the cheapest, one at a time with a fresh look in between; all at once when critical.
 * Nothing here waits for the sake of balance: that is paid on resume.
 */
import type { Decision, PauseMethod, Sample } from "../model.ts";
import type { SupervisedJob } from "../ports.ts";
import { evidenceOf, pressureSentence } from "./evidence.ts";
import { MEASURES, needsMemory } from "./measures.ts";
import { pauseMethod } from "./pause-method.ts";
import { concerns, isExcused, isOnGpu, type RuleNow, runUse, type Scene } from "./scene.ts";

export type Pause = Extract<Decision, { verb: "pause" }>;

/** Less than this isn't use: a pause of it would free nothing. */
const CPU_PERCENT = 1;
const MEMORY_MIB = 16;
/** Cost of a pause that was never measured. */
const UNKNOWN_COST_MS = 30_000;

/** @param asked names of the jobs that are asked to pause at this tick already; added to. */
export function rulePauses(scene: Scene, asked: Set<string>): Pause[] {
  const pauses: Pause[] = [];
  for (const rule of scene.rules) {
    const { state } = rule;
    if (state.firm !== "pressure" || state.unavailable !== null || state.beyondSinceMs === null) continue;
    const all = Object.values(scene.jobs).filter((job) => relieves(job, rule, scene.sample));
    const victims = all.filter((job) => !asked.has(job.name)).flatMap((job) => ask(job, rule));
    if (victims.length === 0) continue;
    const critical = rule.rule.severity === "critical";
    if (
      !critical &&
      (all.some((job) => asked.has(job.name) || isOnItsWay(job)) || !isRemeasured(rule, scene))
    )
      continue;
    const chosen = critical ? victims : victims.sort(cheapestFirst).slice(0, 1);
    for (const { job, method } of chosen) {
      asked.add(job.name);
      pauses.push(pauseBy(rule, job, method, scene.sample));
    }
  }
  return pauses;
}

/** Whether the job uses what the rule is about; what isn't known of a live job is assumed to be used. */
function relieves(job: SupervisedJob, rule: RuleNow, sample: Sample): boolean {
  const { name } = job.state;
  if (
    name !== "starting" &&
    name !== "running" &&
    name !== "pausing" &&
    name !== "frozen" &&
    name !== "standby"
  )
    return false;
  if (!concerns(rule, job) || isExcused(rule, job) || job.cancelling !== undefined) return false;
  const { metric } = rule.rule;
  const still = name === "frozen" || name === "standby" || isStill(job);
  if (still && !needsMemory(metric)) return false;
  if (rule.state.gpu !== null) return isOnGpu(job, rule.state.gpu, rule.gpu);
  const use = runUse(job, sample);
  const { relieves: resource } = MEASURES[metric];
  if (resource === "cpu") return use === null || atLeast(use.cpuPercent, CPU_PERCENT);
  if (resource === "memory") return use === null || atLeast(use.memoryMiB, MEMORY_MIB);
  return true;
}

const atLeast = (reading: { value: number } | { unavailable: string }, least: number): boolean =>
  !("value" in reading) || reading.value >= least;

/** Frozen since its grace ran out. */
const isStill = ({ state }: SupervisedJob): boolean =>
  state.name === "pausing" && state.request.overdue === "frozen";

/** Asked already and still within its grace: its relief is to come. An overdue one is no relief. */
const isOnItsWay = ({ state }: SupervisedJob): boolean =>
  state.name === "pausing" && state.request.overdue === null;

interface Victim {
  job: SupervisedJob;
  method: PauseMethod;
}

function ask(job: SupervisedJob, { rule }: RuleNow): Victim[] {
  const { name } = job.state;
  if (name === "pausing") return [];
  const memory = needsMemory(rule.metric);
  const held = name === "frozen" || name === "standby";
  // Only a job that can save may be thawed to give its memory back; any other is left as it is.
  const listens = job.understands === "contract" || job.understands === "signal";
  if (held && (!memory || !listens)) return [];
  const method = pauseMethod(job, { frees: memory ? "memory" : "time", freeze: rule.action === "freeze" });
  return method === null ? [] : [{ job, method }];
}

/** The pressure has lasted its dwell since the last victim of this rule was gone. */
function isRemeasured({ key, rule, state }: RuleNow, { jobs }: Scene): boolean {
  let gone = Number.NEGATIVE_INFINITY;
  for (const { state: job } of Object.values(jobs))
    if ((job.name === "paused" || job.name === "frozen" || job.name === "standby") && job.cause.rule === key)
      gone = Math.max(gone, job.since.monotonicMs);
  if (state.readAtMs === null || state.readAtMs <= gone) return false;
  return state.readAtMs - Math.max(gone, state.beyondSinceMs ?? state.readAtMs) >= rule.forSeconds * 1000;
}

export const costMs = ({ learned }: SupervisedJob): number =>
  learned.saveMs === null && learned.reloadMs === null
    ? UNKNOWN_COST_MS
    : (learned.saveMs ?? 0) + (learned.reloadMs ?? 0);

function cheapestFirst({ job: a }: Victim, { job: b }: Victim): number {
  return (
    a.spec.priority - b.spec.priority ||
    costMs(a) - costMs(b) ||
    (b.checkpoint?.createdAtMs ?? 0) - (a.checkpoint?.createdAtMs ?? 0) ||
    (a.name < b.name ? -1 : 1)
  );
}

function pauseBy(rule: RuleNow, job: SupervisedJob, method: PauseMethod, sample: Sample): Pause {
  const critical = rule.rule.severity === "critical";
  const reason = pressureSentence(rule, sample);
  return {
    verb: "pause",
    job: job.name,
    method,
    cause: { actor: `rule:${rule.rule.name}`, reason, critical, rule: rule.key },
    evidence: evidenceOf(rule, sample),
  };
}
