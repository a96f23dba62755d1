/**
 * What is learned of a job from what is seen of its run: progress, checkpoints, what it
 * understands, what pausing costs it. Never moves it to another state.
 */
import type { Seen } from "../../model.ts";
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import { takeStock } from "./take-stock.ts";
import type { Turn } from "./turn.ts";

const STALL_STEPS = 10;
const STALL_AT_LEAST_MS = 600_000;
/** Beyond this, old times count half: a quiet week must not pay for a day of flapping. */
const MEMORY_MS = 24 * 3_600_000;
/** File times come from a clock that ticks every few ms. */
export const FILE_CLOCK_MS = 20;

export function learn(turn: Turn, seen: Seen): void {
  if (seen.pid !== null && turn.run.pid !== seen.pid) turn.know({ pid: seen.pid, startTime: seen.startTime });
  understand(turn, seen);
  progress(turn, seen);
  takeStock(turn, seen);
}

function understand(turn: Turn, seen: Seen): void {
  if (seen.ranks.length > 0) {
    turn.job.understands = "contract";
    turn.job.worldSize = Math.max(...seen.ranks.map((rank) => rank.worldSize));
  } else if (turn.job.understands !== "contract" && seen.alive && seen.pid !== null) {
    turn.job.understands = seen.signalCaught === true ? "signal" : "nothing";
  }
}

function progress(turn: Turn, seen: Seen): void {
  const first = seen.ranks.find((rank) => rank.rank === 0) ?? seen.ranks[0];
  if (first === undefined) return;
  const { monotonicMs } = turn.now;
  const before = turn.job.progress;
  const advanced = first.step !== null && first.step !== before?.step;
  const next = {
    step: first.step ?? before?.step ?? null,
    totalSteps: first.totalSteps ?? before?.totalSteps ?? null,
    epoch: first.epoch ?? before?.epoch ?? null,
    metrics: first.metrics,
    reports: first.state,
    advancedAtMs: advanced || before === null ? monotonicMs : before.advancedAtMs,
    stepMs: advanced ? stepTime(turn, first.step ?? 0) : (before?.stepMs ?? null),
    ...troubleOf(seen),
    ...(before?.stalledSinceMs !== undefined && !advanced ? { stalledSinceMs: before.stalledSinceMs } : {}),
  };
  turn.job.progress = next;
  if (next.failedSaves !== undefined && before?.failedSaves === undefined) tellFailedSave(turn, next.error);
  // A job that counts no steps has begun when it says that it runs.
  const begun =
    first.step === null ? first.state === "running" : advanced && first.step > turn.run.resumedAtStep;
  if (begun && turn.run.firstStepAt === undefined) {
    turn.know({ firstStepAt: turn.now });
    const launched = turn.run.startedAt.monotonicMs;
    turn.job.learned = { ...turn.job.learned, reloadMs: Math.max(0, turn.now.monotonicMs - launched) };
  }
}

/** Of the rank that has failed most often: the others wait for it. */
function troubleOf({ ranks }: Seen): { error?: string; failedSaves?: number } {
  const [worst] = ranks
    .filter(({ error }) => error !== undefined)
    .sort((a, b) => (b.failedSaves ?? 0) - (a.failedSaves ?? 0));
  if (worst?.error === undefined) return {};
  return { error: worst.error, ...(worst.failedSaves && { failedSaves: worst.failedSaves }) };
}

/** Once for a series of failures; the job tries again by itself. */
function tellFailedSave(turn: Turn, error: string | undefined): void {
  const { checkpoint } = turn.job;
  const step = checkpoint?.step ?? null;
  const kept =
    checkpoint === null ? "There is none yet" : `The newest stays that of step ${number(step ?? 0)}`;
  const reason = `A checkpoint couldn't be saved: ${error ?? "the job gives no reason"}. ${kept}.`;
  turn.tell("checkpoint.failed", "job", reason, { outcome: { newest: checkpoint?.path ?? null, step } });
}

/** Usual time of a step: smoothed, so that one slow step among many doesn't matter. */
function stepTime(turn: Turn, step: number): number | null {
  const before = turn.job.progress;
  if (before === null || before.step === null || step <= before.step) return before?.stepMs ?? null;
  if (turn.run.firstStepAt === undefined) return before.stepMs ?? null;
  const each = Math.max(0, turn.now.monotonicMs - before.advancedAtMs) / (step - before.step);
  const usual = before.stepMs ?? null;
  return usual === null ? each : usual * 0.8 + each * 0.2;
}

/** Whether a job without reports, or one whose new steps were seen, may be taken to be working. */
export const isWorking = (turn: Turn): boolean =>
  turn.job.understands !== "contract" || turn.run.firstStepAt !== undefined;

export function sayIfStalled(turn: Turn): void {
  const { progress } = turn.job;
  if (progress === null || progress.stalledSinceMs !== undefined || !progress.stepMs) return;
  if (turn.run.firstStepAt === undefined || progress.reports === "saving") return;
  // Time that it spent frozen or on standby isn't a stall.
  const from = Math.max(progress.advancedAtMs, turn.live().since.monotonicMs);
  const idle = turn.now.monotonicMs - from;
  if (idle < Math.max(STALL_AT_LEAST_MS, STALL_STEPS * progress.stepMs)) return;
  turn.job.progress = { ...progress, stalledSinceMs: turn.now.wallMs - idle };
  turn.tell(
    "job.stalled",
    "supervisor",
    `No step for ${duration(idle)} (usually ${duration(progress.stepMs)}); the last was ${number(progress.step ?? 0)}.`,
  );
}

/** Whether the run has left a checkpoint of its own. */
export function hasSaved(turn: Turn): boolean {
  const { checkpoint } = turn.job;
  if (checkpoint === null || checkpoint.path === turn.run.resumedFrom) return false;
  // Steps tell it whatever somebody has done to the clock meanwhile; a third party's file names may not.
  if (checkpoint.step !== null && turn.job.spec.checkpoint.glob === undefined)
    return checkpoint.step > turn.run.resumedAtStep;
  return checkpoint.createdAtMs >= turn.run.startedAt.wallMs - FILE_CLOCK_MS;
}

/** Adds the time that the run has worked since it last began to. Called when that ends. */
export function creditRunning(turn: Turn): void {
  const { state, now } = turn;
  if (state.name !== "running") return;
  const began = Math.max(state.since.monotonicMs, state.run.firstStepAt?.monotonicMs ?? 0);
  if (!isWorking(turn)) return;
  account(turn, Math.max(0, now.monotonicMs - began), 0);
}

export function account(turn: Turn, productiveMs: number, overheadMs: number): void {
  const { balance } = turn.job;
  const half = balance.productiveMs > MEMORY_MS ? 0.5 : 1;
  turn.job.balance = {
    ...balance,
    productiveMs: balance.productiveMs * half + productiveMs,
    overheadMs: balance.overheadMs * half + overheadMs,
  };
}
