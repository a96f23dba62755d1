/**
 * The ends of a run that nobody asked for: finished, failed and tried again, lost, or paused by
 * the job itself. What can't be known is never taken for success.
 */
import { EXIT_PAUSED } from "../../contract/names.ts";
import type { Cause, Exit, Seen } from "../../model.ts";
import { duration, exitText, number, plural } from "../say.ts";
import { creditRunning, hasSaved } from "./learn.ts";
import { allPaused, stepsByRank } from "./ranks.ts";
import { shortage, waitForRoom } from "./shortage.ts";
import type { Turn } from "./turn.ts";

const LONGEST_BACKOFF_MS = 3_600_000;
const FRUITLESS = 3;
const SIGNALS: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGTERM: 15,
};

/** The exit as a shell gives it; null when unknown. */
export function shellCode(exit: Exit): number | null {
  if (!exit.known) return null;
  if (exit.signal !== null) return 128 + (SIGNALS[exit.signal] ?? 0);
  return exit.code;
}

/** What is left of a run whose first process has ended; it goes on until they are gone. */
export function waitsForLeftovers(turn: Turn, seen: Seen): boolean {
  const [one] = seen.leftovers;
  if (one === undefined) return false;
  if (turn.first("leftovers")) {
    const others = seen.leftovers.length > 1 ? ` and ${plural(seen.leftovers.length - 1, "other")}` : "";
    const kind = turn.state.name === "pausing" ? "pause.overdue" : "job.stalled";
    turn.tell(
      kind,
      "supervisor",
      `Its first process has ended, but '${one.command}' (pid ${one.pid})${others} of the same run still goes on; the run isn't over until that is gone.`,
      { evidence: { leftovers: seen.leftovers } },
    );
  }
  return true;
}

/** An exit that no pause asked for; `seen` where the ranks' last words count too. */
export function ended(turn: Turn, exit: Exit, seen?: Seen): void {
  creditRunning(turn);
  const code = shellCode(exit);
  if (turn.job.cancelling !== undefined) {
    cancelled(turn, exit);
    return;
  }
  if (code === 0) {
    finish(turn);
    return;
  }
  if (!exit.known) {
    lose(turn);
    return;
  }
  // The code of a launcher in between (torchrun: 1) doesn't matter when every rank says it has paused.
  if (code === EXIT_PAUSED || (seen !== undefined && allPaused(seen))) {
    pausedItself(turn, seen);
    return;
  }
  const short = shortage(turn, seen?.outOfGpuMemory);
  if (short !== null) {
    waitForRoom(turn, short, leave);
    return;
  }
  fail(turn, `Run ${turn.run.number} ended with ${exitText(exit)}${before(turn)}.`, code);
}

/** A run that ended before it got anywhere says so: the command itself is the likeliest reason. */
const before = (turn: Turn): string =>
  turn.run.firstStepAt === undefined && turn.job.understands === "contract" ? " before its first step" : "";

export function finish(turn: Turn): void {
  const { progress } = turn.job;
  const at = progress?.step === null || progress === null ? "" : ` at step ${number(progress.step ?? 0)}`;
  turn.tell("job.finished", "job", `It finished${at} with exit code 0.`, {
    outcome: { step: progress?.step ?? null, code: 0 },
  });
  leave(turn);
  turn.job.attempts = { failures: 0, fruitless: 0, notBeforeMs: 0 };
  turn.state = { name: "finished", since: turn.now };
}

function cancelled(turn: Turn, exit: Exit): void {
  turn.tell("job.cancelled", "user", `It was cancelled and has ended with ${exitText(exit)}.`, {
    outcome: { stepsLost: stepsLost(turn) },
  });
  leave(turn);
  delete turn.job.cancelling;
  turn.state = { name: "cancelled", since: turn.now };
}

export function lose(turn: Turn): void {
  const lost = stepsLost(turn);
  const from = turn.job.checkpoint === null ? "the beginning" : "its last checkpoint";
  turn.tell(
    "job.lost",
    "supervisor",
    `Run ${turn.run.number} is gone and left no record of its exit, so nobody knows how it ended; it goes on from ${from}${redone(lost)}.`,
    { outcome: { stepsLost: lost } },
  );
  tryAgain(turn, "It ended without a record of its exit.", null);
}

/** Fails the run: it is tried again after a back-off, or left failed. */
export function fail(turn: Turn, reason: string, code: number | null): void {
  const plan = tryAgain(turn, reason, code);
  const run = turn.job.runs;
  turn.events.push({
    kind: "job.failed",
    job: turn.name,
    run,
    actor: "job",
    reason: `${reason} ${plan}`,
    outcome: { code, stepsLost: stepsLost(turn) },
  });
}

function tryAgain(turn: Turn, reason: string, exitCode: number | null): string {
  const { restart } = turn.job.spec;
  const { now } = turn;
  const failures = hasSaved(turn) ? 1 : turn.job.attempts.failures + 1;
  if (turn.run.resuming !== undefined) turn.tell("resume.failed", "job", reason);
  leave(turn);
  if (!restart.onFailure || failures > restart.maxRetries) {
    const why = restart.onFailure
      ? `after ${plural(failures, "failure")} in a row`
      : "as it isn't to be restarted";
    turn.job.attempts = { ...turn.job.attempts, failures, notBeforeMs: 0 };
    turn.state = { name: "failed", since: now, reason, exitCode };
    return `It is left failed ${why}.`;
  }
  const waitMs = Math.min(LONGEST_BACKOFF_MS, restart.backoffSeconds * 1000 * 2 ** (failures - 1));
  turn.job.attempts = { ...turn.job.attempts, failures, notBeforeMs: now.monotonicMs + waitMs };
  turn.state = { name: "waiting", since: now };
  return `It is tried again in ${duration(waitMs)} (failure ${failures} of at most ${restart.maxRetries} in a row).`;
}

function pausedItself(turn: Turn, seen: Seen | undefined): void {
  const { now } = turn;
  const saved = hasSaved(turn);
  const fruitless = saved ? 0 : turn.job.attempts.fruitless + 1;
  if (fruitless >= FRUITLESS) {
    const reason = `It asked to be run again (exit code 75) ${FRUITLESS} times without a new checkpoint.`;
    turn.tell("job.failed", "job", reason, { outcome: { code: EXIT_PAUSED } });
    leave(turn);
    turn.job.attempts = { ...turn.job.attempts, fruitless };
    turn.state = { name: "failed", since: now, reason, exitCode: EXIT_PAUSED };
    return;
  }
  const cause: Cause = {
    actor: "job",
    reason: saved
      ? "It saved a checkpoint and asked to be run again."
      : "It asked to be run again without a new checkpoint.",
    critical: false,
  };
  const waitMs = saved ? 0 : turn.job.spec.restart.backoffSeconds * 1000 * 2 ** (fruitless - 1);
  const outcome = { stepsLost: stepsLost(turn), ...(seen === undefined ? {} : stepsByRank(seen)) };
  turn.tell("pause.completed", "job", cause.reason, { outcome });
  leave(turn);
  turn.job.attempts = { failures: 0, fruitless, notBeforeMs: saved ? 0 : now.monotonicMs + waitMs };
  settleAsPaused(turn, cause);
}

/** Into `paused`, with the full check of its checkpoint on the way. */
export function settleAsPaused(turn: Turn, cause: Cause): void {
  const { checkpoint } = turn.job;
  turn.state = { name: "paused", since: turn.now, cause, checkpoint };
  if (checkpoint?.verified === "quick") turn.effects.push({ do: "verify", job: turn.name, checkpoint });
}

/** The run's files are swept; the run itself is over. */
export function leave(turn: Turn): void {
  const { gpus, startTime, bootId } = turn.run;
  if (gpus.length > 0 && startTime !== null) turn.job.visited = { gpus, startTime, bootId };
  if (gpus.length > 0 && turn.run.said?.includes("claimed")) {
    const reason = `${turn.gpus?.name ?? gpus.join(", ")} is free again: run ${turn.run.number} is over.`;
    turn.tell("gpu.released", "supervisor", reason, { evidence: { gpus } });
  }
  turn.effects.push({ do: "tidy", job: turn.name, run: turn.run });
}

/** Steps made since the checkpoint that the next run will begin from. */
export function stepsLost(turn: Turn): number | null {
  const step = turn.job.progress?.step ?? null;
  const { checkpoint } = turn.job;
  // A third-party checkpoint whose name tells no step could be of any.
  if (step === null || (checkpoint !== null && checkpoint.step === null)) return null;
  return Math.max(0, step - (checkpoint?.step ?? 0));
}

export const redone = (lost: number | null): string =>
  lost === null ? "" : lost === 0 ? "; 0 steps lost" : `; ${plural(lost, "step")} to be redone`;
