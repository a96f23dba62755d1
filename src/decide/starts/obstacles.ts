/**
 * Everything that stands between a job and running, in the order that matters to people.
 * Missing and stale readings block; they never clear.
 */

import type { WindowState } from "../../model/decision.ts";
import { awaitsCheck, isWanted, type Job } from "../../model/job.ts";
import { isFrozenOverdue, isSuspended, pausedByRule, runOf } from "../../model/state.ts";
import type { WaitingFor } from "../../model/why.ts";
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import { clockTime } from "../../words/time.ts";
import { pauseCostMs } from "../pauses/cost.ts";
import { mayRun } from "../pauses/pauses-without-rule.ts";
import { concerns, isExcused, type RuleNow } from "../rules/rule-now.ts";
import { type Placed, place } from "../sharing/choose-gpus.ts";
import { isInLine } from "../sharing/line.ts";
import type { TickInput } from "../tick-input.ts";
import { windowsOf } from "../windows/windows.ts";
import { beginningWaits } from "./beginning.ts";
import { backOffWait } from "./flap-backoff.ts";
import { overBudget } from "./overhead-budget.ts";
import { parallelWait } from "./parallel.ts";
import { restoreWait } from "./restore-wait.ts";
import { gpuTightness, tightness } from "./room.ts";
import type { RuleBlock } from "./rule-blocks.ts";

/** With what is the same for all jobs of a tick. */
export interface StartInput extends TickInput {
  /** What each rule holds against the jobs it concerns. */
  readonly blocks: readonly RuleBlock[];
  readonly owedMiB: number;
}

/** States from which a job can be started or continued; null where there is nothing to start. */
export function isStartable({ state, cancelling }: Job): boolean {
  if (cancelling !== undefined) return false;
  if (state.name === "pausing") return isFrozenOverdue(state);
  return state.name === "waiting" || state.name === "paused" || isSuspended(state.name);
}

export function obstacles(job: Job, input: StartInput): Placed {
  const { mode } = input;
  const waits: WaitingFor[] = [];
  if (mode.stopping) waits.push({ code: "shutdown", text: "the supervisor is stopping" });
  if (mode.sleepComes) waits.push({ code: "sleep", text: "the system is about to sleep" });
  manual(job, input, waits);
  window(job, input, waits);
  waits.push(...beginningWaits(job, input));
  restart(job, input, waits);
  if (awaitsCheck(job))
    waits.push({ code: "checkpoint-check", text: "every byte of its checkpoint is being checked" });
  waits.push(...restoreWait(job));
  if (job.state.name === "frozen" && job.state.parked?.broken !== undefined)
    waits.push({ code: "park", text: "its VRAM can't be brought back: it has to be ended" });
  if (job.foreign !== undefined) {
    const text = `the checkpoints in its folder were written by ${job.foreign}, and it goes on from them only if you say so`;
    waits.push({ code: "checkpoint-owner", text });
  }
  const placed = place(job, input, (gpu) => [
    ...blocksOf(job, input, (rule) => rule.state.gpu === gpu),
    ...gpuTightness(job, gpu, input),
  ]);
  const bound = placed.gpus.length > 0 || job.spec.gpus !== undefined || job.spec.gpuIds !== undefined;
  // A GPU rule that paused a job without a GPU of its own continues to concern it.
  const others = (rule: RuleNow): boolean =>
    rule.state.gpu === null || (!bound && job.balance.backoff[rule.key] !== undefined);
  const rest = [...blocksOf(job, input, others), ...tightness(job, input, input.owedMiB)];
  const parallel = parallelWait(job, input);
  if (parallel !== null) rest.push(parallel);
  if (!isWanted(job)) rest.push(...balanceWaits(job, input));
  if (!mode.journalHealthy)
    rest.push({ code: "journal", text: "the audit log can't be written, so nothing is started" });
  const all = { gpus: placed.gpus, waits: [...waits, ...placed.waits, ...rest] };
  if (placed.line === undefined || !isInLine(all.waits)) return all;
  return { ...all, line: { ...placed.line, waits: [...waits, ...rest, ...placed.line.waits] } };
}

function blocksOf(job: Job, { blocks }: StartInput, which: (rule: RuleNow) => boolean): WaitingFor[] {
  return blocks
    .filter(({ rule }) => which(rule) && concerns(rule, job) && !isExcused(rule, job))
    .map(({ wait }) => wait);
}

/** Balance holds back only a job that a rule has paused. */
function balanceWaits(job: Job, input: TickInput): WaitingFor[] {
  if (!pausedByRule(job.state)) return [];
  const concerned = input.rules.filter((rule) => concerns(rule, job));
  const waits = concerned.flatMap((rule) => backOffWait(job, rule, input));
  // A frozen job continues where it is: nothing was saved, nothing has to be loaded.
  const over = job.state.name === "paused" ? overBudget(job, input) : null;
  return over === null ? waits : [...waits, over];
}

function manual({ manual: wish }: Job, { now }: TickInput, waits: WaitingFor[]): void {
  if (wish?.want !== "pause") return;
  // Only the owner can ask, and it is the owner who reads this.
  const until = wish.untilMs === null ? "" : `, until ${clockTime(wish.untilMs, now.wallMs)}`;
  const since = `paused by you at ${clockTime(wish.sinceMs, now.wallMs)}`;
  waits.push({
    code: "manual",
    text: `${since}${until}`,
    ...(wish.untilMs === null ? {} : { untilMs: wish.untilMs }),
  });
}

function window(job: Job, { windows, now }: TickInput, waits: WaitingFor[]): void {
  if (!mayRun(job, windows, now.wallMs)) {
    waits.push(closedWait(windowsOf(job.name, windows), now.wallMs));
    return;
  }
  // The window closes too soon for loading and saving to be worth it: the job waits for the next one.
  const bound = windowsOf(job.name, windows).filter(({ open }) => open);
  if (bound.length === 0 || job.manual?.want === "run" || runOf(job) !== null) return;
  const ends = Math.max(...bound.map(({ changesAtMs }) => changesAtMs ?? Number.POSITIVE_INFINITY));
  const least = pauseCostMs(job) ?? 0;
  if (ends - now.wallMs >= least) return;
  const text = `window '${bound[0]?.name}' closes at ${clockTime(ends, now.wallMs)}, too soon to load and save (${duration(least)})`;
  waits.push({ code: "window", text });
}

function closedWait(bound: WindowState[], wallMs: number): WaitingFor {
  const next = bound.reduce<WindowState | null>(
    (first, one) => ((one.changesAtMs ?? Infinity) < (first?.changesAtMs ?? Infinity) ? one : first),
    null,
  );
  if (next === null || next.changesAtMs === null)
    return { code: "window", text: `window '${bound[0]?.name}' is closed and never opens` };
  const text = `window '${next.name}' opens at ${clockTime(next.changesAtMs, wallMs)}`;
  return { code: "window", text, untilMs: next.changesAtMs };
}

function restart(job: Job, { now }: TickInput, waits: WaitingFor[]): void {
  const { attempts } = job;
  const left = attempts.notBeforeMs - now.monotonicMs;
  // A person's word can't bring back what the supervisor lacks.
  if (left <= 0 || (isWanted(job) && job.unready === undefined)) return;
  const untilMs = now.wallMs + left;
  const text = `${job.unready ?? badEnds(job)}: it will be tried again at ${clockTime(untilMs, now.wallMs)}`;
  waits.push({ code: "restart", text, untilMs });
}

function badEnds({ attempts, gpuShortage, runs }: Job): string {
  if (attempts.unread?.run === runs) return "it couldn't read its checkpoint";
  const times = Math.max(attempts.failures, attempts.fruitless);
  if (times === 0 && gpuShortage !== undefined) return "it ran out of GPU memory";
  return `it has failed ${times === 1 ? "once" : `${number(times)} times in a row`}`;
}
