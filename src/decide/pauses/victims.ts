/**
 * Which jobs have to make room. For each rule in pressure: the cheapest of the jobs whose pause would
 * relieve that very resource, one at a time with a fresh look in between; all at once when critical.
 * Never waits for the sake of balance: the cool-down is paid on resume.
 */

import type { Decision } from "../../model/decision.ts";
import type { Job } from "../../model/job.ts";
import { savesBy } from "../../model/job.ts";
import type { Sample } from "../../model/machine.ts";
import { isHeld, type PauseMethod } from "../../model/state.ts";
import { evidenceOf, pressureSentence } from "../rules/evidence.ts";
import { needsMemory } from "../rules/measures.ts";
import type { RuleNow } from "../rules/rule-now.ts";
import type { TickInput } from "../tick-input.ts";
import { pauseMethod } from "./pause-method.ts";
import { relieves } from "./relieves.ts";

export type Pause = Extract<Decision, { verb: "pause" }>;

/** Assumed cost of a pause that was never measured. */
const UNKNOWN_COST_MS = 30_000;

/** @param asked names of the jobs already asked to pause at this tick */
export function rulePauses(input: TickInput, asked: ReadonlySet<string>): Pause[] {
  const pauses: Pause[] = [];
  for (const rule of input.rules.filter(isPressing)) {
    const names = new Set([...asked, ...pauses.map(({ job }) => job)]);
    for (const { job, method } of victimsOf(rule, input, names))
      pauses.push(pauseBy(rule, job, method, input.sample));
  }
  return pauses;
}

/** In pressure, confirmed by a reading of this moment. */
const isPressing = ({ state }: RuleNow): boolean =>
  state.firm === "pressure" && state.unavailable === null && state.beyondSinceMs !== null;

/** For one rule; none while an earlier pause has yet to take effect, unless the rule is critical. */
function victimsOf(rule: RuleNow, input: TickInput, asked: ReadonlySet<string>): Victim[] {
  const all = Object.values(input.jobs).filter((job) => relieves(job, rule, input.sample));
  const victims = all.filter((job) => !asked.has(job.name)).flatMap((job) => victim(job, rule));
  if (rule.rule.severity === "critical") return victims;
  const isUnderWay = all.some((job) => asked.has(job.name) || isOnItsWay(job));
  if (isUnderWay || !isRemeasured(rule, input)) return [];
  return victims.sort(cheapestFirst).slice(0, 1);
}

/** Asked already and within its grace period: its memory will be freed; an overdue pause does not count. */
const isOnItsWay = ({ state }: Job): boolean => state.name === "pausing" && state.request.overdue === null;

interface Victim {
  job: Job;
  method: PauseMethod;
}

function victim(job: Job, { rule }: RuleNow): Victim[] {
  const { name } = job.state;
  if (name === "pausing") return [];
  const memory = needsMemory(rule.metric);
  // Only a job that can save may be thawed to give its memory back; any other stays as it is.
  if (isHeld(name) && (!memory || !mayGiveBack(job))) return [];
  const method = pauseMethod(job, { frees: memory ? "memory" : "time", freeze: rule.action === "freeze" });
  return method === null ? [] : [{ job, method }];
}

/** A server on standby was asked already, and is asked again at its own pace. */
const mayGiveBack = (job: Job): boolean =>
  job.spec.pause.method === "http" ? job.state.name === "frozen" : savesBy(job) !== null;

/** The pressure has lasted its dwell since this rule's last victim was gone. */
function isRemeasured({ key, rule, state }: RuleNow, { jobs }: TickInput): boolean {
  let gone = Number.NEGATIVE_INFINITY;
  for (const { state: job } of Object.values(jobs))
    if ((job.name === "paused" || isHeld(job.name)) && "cause" in job && job.cause.rule === key)
      gone = Math.max(gone, job.since.monotonicMs);
  if (state.readAtMs === null || state.readAtMs <= gone) return false;
  return state.readAtMs - Math.max(gone, state.beyondSinceMs ?? state.readAtMs) >= rule.forSeconds * 1000;
}

export const costMs = ({ learned }: Job): number =>
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

function pauseBy(rule: RuleNow, job: Job, method: PauseMethod, sample: Sample): Pause {
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
