/**
 * The flap back-off: exponential back-off against flapping. A rule that pauses a job again and again
 * within `calmSeconds`, before a run has paid, makes it wait longer after each spell of pressure. A cool-down, paid on resume
 * alone: it never delays a pause.
 */

import type { Config } from "../../config/schema/schema.ts";
import type { Balance, Job } from "../../model/job.ts";
import type { Now } from "../../model/time.ts";
import type { WaitingFor } from "../../model/why.ts";
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import { clockTime } from "../../words/time.ts";
import { pauseCostMs } from "../pauses/cost.ts";
import type { RuleNow } from "../rules/rule-now.ts";
import type { TickInput } from "../tick-input.ts";
import { workedMs } from "../worked.ts";

/**
 * After a pause by a rule: the first again after a run that has paid, or one more in a row. Only runs that end
 * before they have paid are flapping: needs that come often but leave gaps worth using must not keep a job away.
 * Calm ends a wait, but not the row: a job that was away can't tell whether its next run would pay.
 */
export function countPause(job: Job, key: string, now: Now, config: Config["balance"]): Balance {
  const { backoff } = job.balance;
  const count = hasPaid(job, now, config) ? 1 : (backoff[key]?.count ?? 0) + 1;
  return { ...job.balance, backoff: { ...backoff, [key]: { count, lastPauseMs: now.wallMs } } };
}

/** It has worked for as long as its pause costs, and as the shortest back-off, which bounds what costs nothing. */
const hasPaid = (job: Job, now: Now, { backoffSeconds }: Config["balance"]): boolean =>
  workedMs(job, now) >= Math.max(pauseCostMs(job) ?? 0, backoffSeconds * 1000);

/** The back-off in ms, which a rule must be clear beyond its own dwell: 0 after a first pause, then doubling. */
function extraWaitMs(balance: Balance, key: string, wallMs: number, config: Config["balance"]): number {
  const known = balance.backoff[key];
  if (known === undefined || known.count < 2) return 0;
  if (wallMs - known.lastPauseMs > config.calmSeconds * 1000) return 0;
  return 1000 * Math.min(config.maxBackoffSeconds, config.backoffSeconds * 2 ** (known.count - 2));
}

/** The cool-down that the rules concerning this job still impose beyond their own dwell, if any. */
export function backOffWait(
  job: Job,
  { key, state, rule }: RuleNow,
  { now, config }: TickInput,
): WaitingFor[] {
  const wait = extraWaitMs(job.balance, key, now.wallMs, config.balance);
  const left = state.firmSinceMs + wait - now.monotonicMs;
  if (wait === 0 || left <= 0) return [];
  const times = job.balance.backoff[key]?.count ?? 0;
  const untilMs = now.wallMs + left;
  const text = `rule '${rule.name}' has paused it ${number(times)} times in a row: it waits ${duration(wait)} longer, until ${clockTime(untilMs, now.wallMs)}`;
  return [{ code: "back-off", text, rule: rule.name, untilMs }];
}
