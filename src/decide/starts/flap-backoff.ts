/**
 * The flap back-off: a rule that pauses a job again and again within `calmSeconds` makes it wait
 * longer and longer after the pressure. A cool-down, paid on resume alone: it never delays a pause.
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

/** How long a rule must have been clear beyond its own dwell, in ms: 0 after a first pause, then doubling. */
export function extraWaitMs(
  balance: Balance,
  key: string,
  wallMs: number,
  config: Config["balance"],
): number {
  const known = balance.backoff[key];
  if (known === undefined || known.count < 2) return 0;
  if (wallMs - known.lastPauseMs > config.calmSeconds * 1000) return 0;
  return 1000 * Math.min(config.maxBackoffSeconds, config.backoffSeconds * 2 ** (known.count - 2));
}

/** What the rule that concerns this job still makes it wait beyond its own dwell, if anything. */
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
