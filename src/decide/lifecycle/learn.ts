/**
 * What the supervisor learns about a job by watching its run: progress, checkpoints, which requests it
 * understands, what a pause costs it. Never moves the job to another state.
 */

import { recentTime } from "../../model/job.ts";
import type { Seen, SlurmSeen } from "../../model/seen.ts";
import { isAtWork } from "../../model/state.ts";
import { FILE_CLOCK_MS } from "../../model/time.ts";
import { number } from "../../words/number.ts";
import { measured } from "../learned.ts";
import { workedMs } from "../worked.ts";
import { takeStock } from "./checkpoints/take-stock.ts";
import { watchLosses } from "./losses.ts";
import { watchFirstSteps } from "./resumed-below.ts";
import type { Transition } from "./transition.ts";

/** What the budget is reckoned from fades beyond this: a quiet week must not pay for a day of flapping. */
const MEMORY_MS = 24 * 3_600_000;

export function learn(transition: Transition, seen: Seen): void {
  if (seen.pid !== null && transition.run.pid !== seen.pid)
    transition.know({ pid: seen.pid, startTime: seen.startTime });
  if (seen.slurm !== undefined) knowSlurm(transition, seen.slurm);
  understand(transition, seen);
  knowParks(transition);
  progress(transition, seen);
  takeStock(transition, seen);
}

/** Until its GPUs are seen it stays as it was. */
function knowParks(transition: Transition): void {
  const { gpus, run } = transition;
  if (gpus === null || gpus.parks === run.parks) return;
  if (gpus.parks) transition.know({ parks: true });
  else transition.forget("parks");
}

function knowSlurm(transition: Transition, { unbegun: _, end: __, ...seen }: SlurmSeen): void {
  const { slurm: known } = transition.run;
  const begunAt = known?.begunAt ?? (seen.state === "running" ? transition.now : undefined);
  const slurm = { ...seen, ...(begunAt && { begunAt }) };
  if (known === undefined || !isAlike(slurm, known)) transition.know({ slurm });
}

function isAlike<T extends object>(one: T, other: T): boolean {
  const facts = Object.keys(one) as (keyof T)[];
  return facts.length === Object.keys(other).length && facts.every((fact) => one[fact] === other[fact]);
}

function understand(transition: Transition, seen: Seen): void {
  if (seen.ranks.length > 0) {
    transition.note({ understands: "contract" });
    transition.note({ worldSize: Math.max(...seen.ranks.map((rank) => rank.worldSize)) });
  } else if (transition.job.understands !== "contract" && seen.alive && seen.pid !== null) {
    transition.note({ understands: seen.signalCaught === true ? "signal" : "nothing" });
  }
  if (seen.worldSize !== undefined) transition.note({ worldSize: seen.worldSize });
}

function progress(transition: Transition, seen: Seen): void {
  const first = seen.ranks.find((rank) => rank.rank === 0) ?? seen.ranks[0];
  if (first === undefined) return;
  const { monotonicMs } = transition.now;
  const before = transition.job.progress;
  const advanced = first.step !== null && first.step !== before?.step;
  const next = {
    step: first.step ?? before?.step ?? null,
    totalSteps: first.totalSteps ?? before?.totalSteps ?? null,
    epoch: first.epoch ?? before?.epoch ?? null,
    metrics: first.metrics,
    reports: first.state,
    advancedAtMs: advanced || before === null ? monotonicMs : before.advancedAtMs,
    stepMs: advanced ? stepTime(transition, first.step ?? 0) : (before?.stepMs ?? null),
    ...troubleOf(seen),
    ...(first.streams !== undefined && { streams: first.streams }),
    ...(before?.stalledSinceMs !== undefined && !advanced ? { stalledSinceMs: before.stalledSinceMs } : {}),
  };
  if (before === null || !isAlike(next, before)) transition.note({ progress: next });
  if (advanced && first.step !== null && first.state !== "ready") watchFirstSteps(transition, first.step);
  const { loss } = first.metrics;
  if (advanced && first.step !== null && loss !== undefined) watchLosses(transition, first.step, loss);
  if (next.failedSaves !== undefined && before?.failedSaves === undefined)
    tellFailedSave(transition, next.error);
  // A job that counts no steps has begun once it reports that it is running.
  const begun =
    first.step === null
      ? first.state === "running"
      : advanced && first.step > (transition.run.resumedAtStep ?? -1);
  if (begun && transition.run.firstStepAt === undefined) {
    transition.know({ firstStepAt: transition.now });
    const { startedAt, slurm } = transition.run;
    const launched = (slurm?.begunAt ?? startedAt).monotonicMs;
    const reloadMs = Math.max(0, transition.now.monotonicMs - launched);
    transition.note({ learned: measured(transition.job.learned, { reloadMs }) });
  }
}

/** The rank that has failed most often: the others wait for it. */
function troubleOf({ ranks }: Seen): { error?: string; failedSaves?: number } {
  const [worst] = ranks
    .filter(({ error }) => error !== undefined)
    .sort((a, b) => (b.failedSaves ?? 0) - (a.failedSaves ?? 0));
  if (worst?.error === undefined) return {};
  return { error: worst.error, ...(worst.failedSaves && { failedSaves: worst.failedSaves }) };
}

/** Said once per series of failures; the job retries by itself. */
function tellFailedSave(transition: Transition, error: string | undefined): void {
  const { checkpoint } = transition.job;
  const step = checkpoint?.step ?? null;
  const newest = step === null ? checkpoint?.path : `that of step ${number(step)}`;
  const kept = checkpoint === null ? "There is none yet" : `The newest stays ${newest}`;
  const reason = `A checkpoint couldn't be saved: ${error ?? "the job gives no reason"}. ${kept}.`;
  transition.tell("checkpoint.failed", "job", reason, {
    outcome: { newest: checkpoint?.path ?? null, step },
  });
}

/** Typical step time: smoothed, so that one slow step among many doesn't matter. */
function stepTime(transition: Transition, step: number): number | null {
  const before = transition.job.progress;
  if (before === null || before.step === null || step <= before.step) return before?.stepMs ?? null;
  if (transition.run.firstStepAt === undefined) return before.stepMs ?? null;
  // It stood still in between, frozen or on standby: that is no step's time.
  if (before.advancedAtMs < transition.live().since.monotonicMs) return before.stepMs ?? null;
  const each = Math.max(0, transition.now.monotonicMs - before.advancedAtMs) / (step - before.step);
  const usual = before.stepMs ?? null;
  return usual === null ? each : usual * 0.8 + each * 0.2;
}

/** Whether to assume the job is working: it doesn't report, or its new steps were seen. */
export const makesProgress = (transition: Transition): boolean =>
  transition.job.understands !== "contract" || transition.run.firstStepAt !== undefined;

/** Whether the run has left a checkpoint of its own. */
export function hasSaved(transition: Transition): boolean {
  const { checkpoint } = transition.job;
  if (checkpoint === null || checkpoint.path === transition.run.resumedFrom) return false;
  // Steps show it even if the clock was changed meanwhile; a third party's file names may not.
  if (checkpoint.step !== null && transition.job.spec.checkpoint.glob === undefined)
    return checkpoint.step > (transition.run.resumedAtStep ?? -1);
  return checkpoint.createdAtMs >= transition.run.startedAt.wallMs - FILE_CLOCK_MS;
}

/** Adds the time that the run has worked since it last started working. Called when that stops. */
export function creditRunning(transition: Transition): void {
  const { state, now } = transition;
  if (!isAtWork(state.name) || !("run" in state)) return;
  transition.note({
    ranMs: (transition.job.ranMs ?? 0) + Math.max(0, now.monotonicMs - state.since.monotonicMs),
  });
  account(transition, { productiveMs: workedMs({ ...transition.job, state }, now) });
}

/** Notes how a job's time has passed, in ms; `waitedMs`: paused by a rule, until its resume. */
export function account(
  transition: Transition,
  {
    productiveMs = 0,
    overheadMs = 0,
    waitedMs = 0,
  }: { productiveMs?: number; overheadMs?: number; waitedMs?: number },
): void {
  const { balance } = transition.job;
  const before = recentTime(balance);
  const timeMs = before.timeMs + productiveMs + overheadMs + waitedMs;
  const kept = Math.min(1, MEMORY_MS / timeMs);
  transition.note({
    balance: {
      ...balance,
      productiveMs: balance.productiveMs + productiveMs,
      overheadMs: balance.overheadMs + overheadMs,
      recent: { timeMs: timeMs * kept, overheadMs: (before.overheadMs + overheadMs) * kept },
    },
  });
}
