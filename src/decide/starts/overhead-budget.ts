/**
 * The overhead budget: saving and loading may cost a job only a share of its working time
 * (`maxPauseOverhead`). Paid on resume alone: it never delays a pause.
 */

import type { WaitingFor } from "../../model/decision.ts";
import type { Job } from "../../model/job.ts";
import { duration } from "../../words/duration.ts";
import { percent } from "../../words/number.ts";
import { clockTime } from "../../words/time.ts";
import { pauseCostMs } from "../pauses/cost.ts";
import type { RuleNow } from "../rules/rule-now.ts";
import type { TickInput } from "../tick-input.ts";

/** A job's very first pauses are free, as if it had already worked this long: it has no history yet. */
const FREE_MS = 600_000;

/** How long no rule that concerns the job has been in pressure. */
function quietMs(rules: readonly RuleNow[], { now, memory }: TickInput): number {
  let since = memory.startedMs ?? now.monotonicMs;
  for (const { state } of rules)
    since = Math.max(since, state.firm === "clear" ? state.firmSinceMs : now.monotonicMs);
  return now.monotonicMs - since;
}

/**
 * The cost so far plus one more pause has to fit the budget, measured against the time that the job
 * has worked and how long the machine has been quiet: past quiet is the best forecast of quiet to
 * come, so short gaps aren't filled with saving and loading. `rules`: those that concern the job.
 */
export function overBudget(job: Job, rules: readonly RuleNow[], input: TickInput): WaitingFor | null {
  const { config, now } = input;
  const quiet = quietMs(rules, input);
  const { balance } = job;
  const cost = pauseCostMs(job) ?? 0;
  const share = config.balance.maxPauseOverhead;
  const needed = (balance.overheadMs + cost) / share - balance.productiveMs - FREE_MS;
  if (quiet >= needed) return null;
  const untilMs = now.wallMs + needed - quiet;
  const next = cost === 0 ? "" : `, the next one ${duration(cost)}`;
  const text = `pausing has cost ${duration(balance.overheadMs)} of its ${duration(balance.productiveMs)} of work, and may cost ${percent(share * 100)}${next}: it waits for a longer quiet, until ${clockTime(untilMs, now.wallMs)}`;
  return { code: "budget", text, untilMs };
}
