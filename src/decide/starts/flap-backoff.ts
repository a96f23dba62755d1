/**
 * The flap back-off: exponential back-off against flapping. A rule that pauses a job again and again
 * within `calmSeconds` makes it wait longer after each spell of pressure. A cool-down, paid on resume
 * alone: it never delays a pause.
 */

import type { Config } from "../../config/schema/schema.ts";
import type { WaitingFor } from "../../model/decision.ts";
import type { Balance, Job } from "../../model/job.ts";
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import { clockTime } from "../../words/time.ts";
import type { RuleNow } from "../rules/rule-now.ts";
import type { TickInput } from "../tick-input.ts";

/** After a pause by a rule: one more in a row, or the first again after calm. */
export function countPause(balance: Balance, key: string, wallMs: number, calmSeconds: number): Balance {
  const before = balance.backoff[key];
  const calm = before === undefined || Math.abs(wallMs - before.lastPauseMs) > calmSeconds * 1000;
  return {
    ...balance,
    backoff: { ...balance.backoff, [key]: { count: calm ? 1 : before.count + 1, lastPauseMs: wallMs } },
  };
}

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
