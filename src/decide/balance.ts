/**
 * The price of being polite, paid on resume alone: a back-off for each job and rule, and a budget
 * for what pausing costs. Neither ever delays a pause.
 */
import type { Config } from "../config/schema.ts";
import type { Balance, WaitingFor } from "../model.ts";
import type { SupervisedJob } from "../ports.ts";
import { duration } from "../words/duration.ts";
import { number, percent } from "../words/number.ts";
import { clockTime } from "../words/time.ts";
import { concerns, type RuleNow, type Scene } from "./scene.ts";

/** A job's very first pauses are free, as if it had worked so long: a young job has no history to judge by. */
const FREE_MS = 600_000;

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

/** For a job that a rule has paused; others are never held back by balance. */
export function balanceWaits(job: SupervisedJob, scene: Scene): WaitingFor[] {
  const { state } = job;
  const byRule = "cause" in state && state.cause.actor.startsWith("rule:");
  if (!byRule) return [];
  const concerned = scene.rules.filter((rule) => concerns(rule, job));
  const waits = concerned.flatMap((rule) => backOff(job, rule, scene));
  // A frozen job goes on where it is: nothing was saved, nothing has to be loaded.
  const over = state.name === "paused" ? overBudget(job, quietMs(concerned, scene), scene) : null;
  return over === null ? waits : [...waits, over];
}

function backOff(job: SupervisedJob, { key, state, rule }: RuleNow, { now, config }: Scene): WaitingFor[] {
  const wait = extraWaitMs(job.balance, key, now.wallMs, config.balance);
  const left = state.firmSinceMs + wait - now.monotonicMs;
  if (wait === 0 || left <= 0) return [];
  const times = job.balance.backoff[key]?.count ?? 0;
  const untilMs = now.wallMs + left;
  const text = `rule '${rule.name}' has paused it ${number(times)} times in a row: it waits ${duration(wait)} longer, until ${clockTime(untilMs, now.wallMs)}`;
  return [{ code: "back-off", text, rule: rule.name, untilMs }];
}

/** How long no rule that concerns the job has been in pressure. */
function quietMs(rules: RuleNow[], { now, settle }: Scene): number {
  let since = settle.startedMs ?? now.monotonicMs;
  for (const { state } of rules)
    since = Math.max(since, state.firm === "clear" ? state.firmSinceMs : now.monotonicMs);
  return now.monotonicMs - since;
}

/**
 * The cost so far and that of one more pause have to fit the budget, measured by the time that
 * the job has worked and by how long the machine has been quiet: quiet that has lasted is the best
 * forecast of quiet to come, so short gaps aren't filled with saving and loading.
 */
function overBudget(
  { balance, learned }: SupervisedJob,
  quiet: number,
  { config, now }: Scene,
): WaitingFor | null {
  const cost = (learned.saveMs ?? 0) + (learned.reloadMs ?? 0);
  const share = config.balance.maxPauseOverhead;
  const needed = (balance.overheadMs + cost) / share - balance.productiveMs - FREE_MS;
  if (quiet >= needed) return null;
  const untilMs = now.wallMs + needed - quiet;
  const text = `pausing has cost ${duration(balance.overheadMs)} of its ${duration(balance.productiveMs)} of work, and may cost ${percent(share * 100)}: it waits for a longer quiet, until ${clockTime(untilMs, now.wallMs)}`;
  return { code: "budget", text, untilMs };
}
