/**
 * Which jobs have to make room. For each rule in pressure: the cheapest of the jobs whose pause would
 * relieve that very resource enough, one at a time with a fresh look in between; all at once when critical.
 * Never waits for the sake of balance: the cool-down is paid on resume.
 */

import type { Decision } from "../../model/decision.ts";
import type { Job } from "../../model/job.ts";
import { isInference, savesBy } from "../../model/job.ts";
import type { Sample } from "../../model/machine.ts";
import { isSuspended, type PauseMethod } from "../../model/state.ts";
import { evidenceOf, pressureSentence } from "../rules/evidence.ts";
import { needsMemory } from "../rules/measures.ts";
import type { RuleNow } from "../rules/rule-now.ts";
import type { TickInput } from "../tick-input.ts";
import { parkCostMs, pauseCostMs } from "./cost.ts";
import { pauseMethod, type Wish } from "./pause-method.ts";
import { neededBy, reliefOf } from "./relief.ts";
import { relieves } from "./relieves.ts";

export type Pause = Extract<Decision, { verb: "pause" }>;

/** Assumed cost of a pause that was never measured. */
const UNKNOWN_COST_MS = 30_000;
/** Costs up to such a factor above the lowest are alike, as are all below the least. */
const ALIKE = 1.5;
const LEAST_COST_MS = 1000;
/** The share of what is needed that is enough: readings vary. */
const ENOUGH = 0.9;

/** @param asked names of the jobs already asked to pause at this tick */
export function rulePauses(input: TickInput, asked: ReadonlySet<string>): Pause[] {
  const pauses: Pause[] = [];
  for (const rule of input.rules.filter(isPressing)) {
    const names = new Set([...asked, ...pauses.map(({ job }) => job)]);
    for (const victim of victimsOf(rule, input, names)) pauses.push(pauseBy(rule, victim, input.sample));
  }
  return pauses;
}

/** In pressure, confirmed by a reading of this moment. */
export const isPressing = ({ state }: RuleNow): boolean =>
  state.firm === "pressure" && state.unavailable === null && state.beyondSinceMs !== null;

/** For one rule; none while an earlier pause has yet to take effect, unless the rule is critical. */
function victimsOf(rule: RuleNow, input: TickInput, asked: ReadonlySet<string>): Victim[] {
  const all = Object.values(input.jobs).filter((job) => relieves(job, rule, input.sample));
  const victims = all.filter((job) => !asked.has(job.name)).flatMap((job) => victim(job, rule, input.sample));
  if (rule.rule.severity === "critical") return victims;
  const isUnderWay = all.some((job) => asked.has(job.name) || isOnItsWay(job));
  if (isUnderWay || !isRemeasured(rule, input)) return [];
  return best(preferred(rule, victims), neededBy(rule, input.sample));
}

/** A job could be paused for it, now or once it was read again, or a pause for it is under way. */
export const maySoonRelieve = (rule: RuleNow, { jobs, sample }: TickInput): boolean =>
  Object.values(jobs).some(
    (job) => relieves(job, rule, sample) && (isOnItsWay(job) || victim(job, rule, sample).length > 0),
  );

/** Asked already and within its grace period: its memory will be freed; an overdue pause does not count. */
const isOnItsWay = ({ state }: Job): boolean => state.name === "pausing" && state.request.overdue === null;

/** What a pause for this rule has to free. */
export function freedFor({ rule, state }: RuleNow): Wish["frees"] {
  if (!needsMemory(rule.metric)) return "time";
  return state.gpu === null ? "memory" : "vram";
}

interface Victim {
  job: Job;
  method: PauseMethod;
  costMs: number;
  /** What it would give back, in the rule's unit; null: not known. */
  relief: number | null;
}

function victim(job: Job, now: RuleNow, sample: Sample): Victim[] {
  const { rule } = now;
  const { name } = job.state;
  if (name === "pausing") return [];
  const memory = needsMemory(rule.metric);
  // Only a job that can save may be thawed to give its memory back; any other stays as it is.
  if (isSuspended(name) && (!memory || !mayGiveBack(job))) return [];
  const method = pauseMethod(job, { frees: freedFor(now), freeze: rule.action === "freeze" });
  if (method === null) return [];
  // Neither a freeze nor a standby saves anything, or has anything to load.
  const costMs =
    method === "checkpoint" ? (pauseCostMs(job) ?? UNKNOWN_COST_MS) : method === "park" ? parkCostMs(job) : 0;
  return [{ job, method, costMs, relief: reliefOf(job, now, sample) }];
}

/** A server on standby was asked already, and is asked again at its own pace. */
function mayGiveBack(job: Job): boolean {
  const { method } = job.spec.pause;
  if (method === "http") return job.state.name === "frozen";
  // It is frozen because it couldn't be parked.
  return method !== "park" && savesBy(job) !== null;
}

/** The pressure has lasted its dwell since this rule's last victim was gone. */
function isRemeasured({ key, rule, state }: RuleNow, { jobs }: TickInput): boolean {
  let gone = Number.NEGATIVE_INFINITY;
  for (const { state: job } of Object.values(jobs))
    if ((job.name === "paused" || isSuspended(job.name)) && "cause" in job && job.cause.rule === key)
      gone = Math.max(gone, job.since.monotonicMs);
  if (state.readAtMs === null || state.readAtMs <= gone) return false;
  return state.readAtMs - Math.max(gone, state.beyondSinceMs ?? state.readAtMs) >= rule.forSeconds * 1000;
}

/** Those of the kind that the rule would rather pause; all where there are none. */
function preferred({ rule: { prefer } }: RuleNow, victims: Victim[]): Victim[] {
  if (prefer === undefined) return victims;
  const kind = victims.filter(({ job }) => isInference(job) === (prefer === "inference"));
  return kind.length > 0 ? kind : victims;
}

/**
 * The one to pause: of those that matter least, the cheapest of those that give back enough by themselves, or
 * as much as any of them. Of several alike, the one that has just saved.
 */
function best(victims: Victim[], needed: number | null): Victim[] {
  const lowest = Math.min(...victims.map(({ job }) => job.spec.priority));
  const least = victims.filter(({ job }) => job.spec.priority === lowest);
  const most = Math.max(0, ...least.map(({ relief }) => relief ?? 0));
  const enough = ENOUGH * Math.min(needed ?? 0, most);
  // What isn't known may well be enough.
  const enoughs = least.filter(({ relief }) => relief === null || relief >= enough);
  const cheapest = Math.min(...enoughs.map(({ costMs }) => costMs));
  const alike = enoughs.filter(({ costMs }) => costMs <= ALIKE * Math.max(LEAST_COST_MS, cheapest));
  return alike.sort(savedLast).slice(0, 1);
}

const savedLast = ({ job: a, costMs: one }: Victim, { job: b, costMs: other }: Victim): number =>
  (b.checkpoint?.createdAtMs ?? 0) - (a.checkpoint?.createdAtMs ?? 0) ||
  one - other ||
  (a.name < b.name ? -1 : 1);

function pauseBy(rule: RuleNow, { job, method, costMs, relief }: Victim, sample: Sample): Pause {
  const critical = rule.rule.severity === "critical";
  const reason = pressureSentence(rule, sample);
  return {
    verb: "pause",
    job: job.name,
    method,
    ...(rule.rule.action === "freeze" && { wanted: true as const }),
    cause: { actor: `rule:${rule.rule.name}`, reason, critical, rule: rule.key },
    // What made it the one.
    evidence: { ...evidenceOf(rule, sample), choice: { costMs: Math.round(costMs), givesBack: relief } },
  };
}
