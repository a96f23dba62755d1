/**
 * The overhead budget: saving and loading may take only a share of a job's time
 * (`maxPauseOverhead`). Paid on resume alone: it never delays a pause.
 */

import { type Job, recentTime } from "../../model/job.ts";
import type { WaitingFor } from "../../model/why.ts";
import { duration } from "../../words/duration.ts";
import { percent } from "../../words/number.ts";
import { clockTime } from "../../words/time.ts";
import { pauseCostMs } from "../pauses/cost.ts";
import type { TickInput } from "../tick-input.ts";

/** A job's very first pauses are free, as if it had had so much time already: it has no history yet. */
const FREE_MS = 600_000;

/**
 * A resume costs its load now and its save at the next need, so both have to fit the budget before it is made.
 * What they are measured against is the job's time, the wait since its pause included, rather than its work
 * alone: a wait earns the next try, so a job whose only gaps are short gets some of them instead of none.
 */
export function overBudget(job: Job, { config, now }: TickInput): WaitingFor | null {
  const { timeMs, overheadMs } = recentTime(job.balance);
  const cost = pauseCostMs(job) ?? 0;
  const share = config.balance.maxPauseOverhead;
  const time = timeMs + now.monotonicMs - job.state.since.monotonicMs;
  const needed = (overheadMs + cost) / share - FREE_MS;
  // Whole ms: at the end that was told, a rounding error must not tell another.
  const left = Math.round(needed - time);
  if (left <= 0) return null;
  const untilMs = now.wallMs + left;
  const next = cost === 0 ? "" : `; its next pause costs ${duration(cost)}`;
  const text = `pauses by rules have cost ${duration(overheadMs)} of its ${duration(time)}, but may cost only ${percent(share * 100)}${next}: it waits until ${clockTime(untilMs, now.wallMs)}`;
  return { code: "budget", text, untilMs };
}
