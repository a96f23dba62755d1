/**
 * Run ends that nobody asked for: finished, failed and retried, lost, or paused by the job itself.
 * Never takes an unknown outcome for success.
 */

import { EXIT_PAUSED } from "../../../contract/names.ts";
import type { Cause } from "../../../model/actor.ts";
import { savesUnseen } from "../../../model/job.ts";
import { type Exit, exitCodeOf, type Seen } from "../../../model/seen.ts";
import { duration } from "../../../words/duration.ts";
import { plural } from "../../../words/list.ts";
import { number } from "../../../words/number.ts";
import { exitText, wroteLast } from "../../../words/sentences/exit.ts";
import { matching, NAME_CHECKPOINTS } from "../../../words/sentences/new-checkpoint.ts";
import { creditRunning, hasSaved } from "../learn.ts";
import { allPaused, stepsByRank } from "../ranks.ts";
import type { Transition } from "../transition.ts";
import { judgeResume } from "./failed-resume.ts";
import { becomePaused, leave } from "./leave-run.ts";
import { lacksCommand, noteUnbegun } from "./never-begun.ts";
import { restartWaitMs } from "./restart-wait.ts";
import { alone, shortage, waitForRoom } from "./shortage.ts";
import { stepsAre, stepsLost } from "./steps-lost.ts";
import { couldNotRead, waitToRead } from "./unread.ts";

const FRUITLESS = 3;

/** An exit that no pause asked for; pass `seen` where the ranks' last words count too. */
export function ended(transition: Transition, exit: Exit, seen?: Seen): void {
  creditRunning(transition);
  const code = exitCodeOf(exit);
  if (transition.job.cancelling !== undefined) {
    cancelled(transition, exit);
    return;
  }
  const how = `Run ${transition.run.number} ended with ${exitText(exit)}${before(transition)}.`;
  const reason = `${how}${wroteLast(seen ?? {})}`;
  if (couldNotRead(transition, exit, seen)) {
    endedUnread(transition, reason, code);
    return;
  }
  if (code === 0) {
    finish(transition, seen);
    return;
  }
  if (!exit.known) {
    lose(transition);
    return;
  }
  // The exit code of a launcher (torchrun: 1) doesn't matter when every rank reports that it has paused.
  if (code === EXIT_PAUSED || (seen !== undefined && allPaused(seen))) {
    pausedItself(transition, seen);
    return;
  }
  const short = shortage(transition, seen?.outOfGpuMemory);
  if (short !== null) {
    waitForRoom(transition, short);
    return;
  }
  const out = seen?.outOfGpuMemory;
  if (out !== undefined) {
    const { what, leastMs } = alone(transition, out);
    fail(transition, `${what} with ${exitText(exit)}${before(transition)}.`, code, { leastMs });
    return;
  }
  const judged = judgeResume(transition, { exit, reason });
  if (judged === "passed over") return;
  const { besides, notLost } = judged;
  fail(transition, `${reason}${besides}`, code, { ...(notLost && { notLost }) });
}

/** Waited for, unless it isn't to be tried again at all. */
export function endedUnread(transition: Transition, reason: string, code: number | null): void {
  if (!transition.job.spec.restart.onFailure || isAtLimit(transition)) {
    fail(transition, `${reason} It couldn't read what it is to go on from.`, code);
    return;
  }
  grantWish(transition);
  waitToRead(transition, { reason, code });
}

/** Says when a run ended before it got anywhere: the command itself is the likeliest reason. */
const before = (transition: Transition): string =>
  transition.run.firstStepAt === undefined && transition.job.understands === "contract"
    ? " before its first step"
    : "";

/** Every rank says so; else nothing but an exit code 0 does. */
export const hasFinished = ({ ranks }: Seen): boolean =>
  ranks.length > 0 && ranks.every(({ state }) => state === "finished");

const EXITED_WITH_0: Exit = { known: true, code: 0, signal: null };

/** `seen`: the ranks' last words, where they are known. `exit`: where it isn't simply 0. */
export function finish(transition: Transition, seen?: Seen, exit: Exit = EXITED_WITH_0): void {
  const step = transition.job.progress?.step ?? null;
  const reported = seen !== undefined && hasFinished(seen);
  const assumed = reported ? null : doubt(transition, seen);
  const ended = reported ? "finished" : "ended";
  const counts = reported ? "" : ", which counts as finished";
  const at = step === null ? "" : ` at step ${number(step)}`;
  const reason = assumed ?? `It ${ended}${at} with ${exitText(exit)}${counts}.`;
  transition.tell("job.finished", "job", reason, { outcome: { step, code: exitCodeOf(exit), reported } });
  leave(transition, `finished${at}`);
  transition.note({ attempts: { failures: 0, fruitless: 0, notBeforeMs: 0 } });
  transition.become({ name: "finished", since: transition.now, ...(assumed !== null && { assumed }) });
}

/** Null where nothing speaks against its having finished. */
function doubt({ job, state }: Transition, seen: Seen | undefined): string | null {
  const { step, totalSteps } = job.progress ?? { step: null, totalSteps: null };
  const early = step !== null && totalSteps !== null && step < totalSteps;
  const asked =
    state.name === "pausing" && state.request.method !== "freeze" && state.request.method !== "park";
  const failed = seen?.ranks.some((rank) => rank.state === "failed") === true;
  if (!early && !asked && !failed) return null;
  const at = step === null ? "" : ` at step ${number(step)}${early ? ` of ${number(totalSteps)}` : ""}`;
  const after = asked ? ` after it was asked to pause, without a new checkpoint${matching(job.spec)}` : "";
  const though = failed ? "it reported that it has failed" : "it didn't report that it has";
  return `It ended${at} with exit code 0${after}. That counts as finished, though ${though}.${asked ? howToBeSeen(job) : ""}`;
}

/** To follow a sentence about a pause that left no checkpoint: what its config lacks for one to be found. */
export const howToBeSeen = ({ spec, understands, checkpoint }: Transition["job"]): string =>
  savesUnseen(spec) && understands !== "contract" && checkpoint === null ? ` ${NAME_CHECKPOINTS}` : "";

function cancelled(transition: Transition, exit: Exit): void {
  transition.tell("job.cancelled", "user", `It was cancelled and has ended with ${exitText(exit)}.`, {
    outcome: { stepsLost: stepsLost(transition) },
  });
  leave(transition, "cancelled");
  transition.drop("cancelling");
  transition.become({ name: "cancelled", since: transition.now });
}

export function lose(transition: Transition): void {
  const lost = stepsLost(transition);
  const from = transition.job.checkpoint === null ? "the beginning" : "its last checkpoint";
  transition.tell(
    "job.lost",
    "supervisor",
    `Run ${transition.run.number} is gone and left no record of its exit, so nobody knows how it ended; it goes on from ${from}; ${stepsAre(lost, "to be redone")}.`,
    { outcome: { stepsLost: lost } },
  );
  tryAgain(transition, "It ended without a record of its exit.", null);
}

/** Fails the run: retries it after a back-off of at least `leastMs`, or leaves it failed. `notLost`: see `notLostOf`. */
export function fail(
  transition: Transition,
  reason: string,
  code: number | null,
  { leastMs, ...more }: { leastMs?: (inARow: number) => number; notLost?: (number | null)[] } = {},
): void {
  const plan = tryAgain(transition, reason, code, leastMs);
  const final = transition.state.name === "failed";
  transition.tell("job.failed", "job", `${reason} ${plan}`, {
    outcome: { code, stepsLost: stepsLost(transition), final, ...more },
  });
}

/** One start is what a person asked for, though its run has failed before any tick saw it at work. */
function grantWish(transition: Transition): void {
  const { manual } = transition.job;
  if (manual?.want !== "run" || manual.honoured || manual.sinceMs > transition.run.startedAt.wallMs) return;
  transition.note({ manual: { ...manual, honoured: true } });
}

const isAtLimit = ({ state }: Transition): boolean =>
  state.name === "pausing" && state.request.cause.ends === true;

function tryAgain(
  transition: Transition,
  reason: string,
  exitCode: number | null,
  leastMs: (inARow: number) => number = () => 0,
): string {
  const { restart } = transition.job.spec;
  const { now } = transition;
  const failures = hasSaved(transition) ? 1 : transition.job.attempts.failures + 1;
  if (transition.run.resuming !== undefined) transition.tell("resume.failed", "job", reason);
  grantWish(transition);
  leave(transition, exitCode === null ? "not known how" : `failed with exit code ${exitCode}`);
  const absent = lacksCommand(transition, exitCode);
  if (absent) noteUnbegun(transition);
  const atLimit = isAtLimit(transition);
  if (!restart.onFailure || absent || atLimit || failures > restart.maxRetries) {
    const why = !restart.onFailure
      ? "because restarts are off"
      : absent
        ? "as its command has never run"
        : atLimit
          ? "as its time limit is reached"
          : `after ${plural(failures, "failure")} in a row`;
    transition.note({ attempts: { ...transition.job.attempts, failures, notBeforeMs: 0 } });
    if (transition.run.slurm !== undefined) transition.perform({ do: "withdraw" });
    transition.become({ name: "failed", since: now, reason, exitCode });
    return `It stays failed ${why}.`;
  }
  const waitMs = Math.max(leastMs(failures), restartWaitMs(transition.job.spec, failures));
  transition.note({
    attempts: { ...transition.job.attempts, failures, notBeforeMs: now.monotonicMs + waitMs },
  });
  transition.become({ name: "waiting", since: now, failure: reason, exitCode });
  return `It is tried again in ${duration(waitMs)} (failure ${failures} of at most ${restart.maxRetries} in a row).`;
}

function pausedItself(transition: Transition, seen: Seen | undefined): void {
  const { now } = transition;
  const saved = hasSaved(transition);
  const fruitless = saved ? 0 : transition.job.attempts.fruitless + 1;
  if (fruitless >= FRUITLESS) {
    const reason = `It asked to be run again (exit code 75) ${FRUITLESS} times without a new checkpoint.`;
    transition.tell("job.failed", "job", reason, { outcome: { code: EXIT_PAUSED, final: true } });
    leave(transition, "failed with exit code 75");
    transition.note({ attempts: { ...transition.job.attempts, fruitless } });
    transition.become({ name: "failed", since: now, reason, exitCode: EXIT_PAUSED });
    return;
  }
  const cause: Cause = {
    actor: "job",
    reason: saved
      ? "It saved a checkpoint and asked to be run again."
      : "It asked to be run again without a new checkpoint.",
    critical: false,
  };
  const waitMs = saved ? 0 : restartWaitMs(transition.job.spec, fruitless);
  const outcome = { stepsLost: stepsLost(transition), ...(seen === undefined ? {} : stepsByRank(seen)) };
  transition.tell("pause.completed", "job", cause.reason, { outcome });
  leave(transition, saved ? "paused by itself" : "paused by itself, but not saved");
  transition.note({
    attempts: { failures: 0, fruitless, notBeforeMs: saved ? 0 : now.monotonicMs + waitMs },
  });
  becomePaused(transition, cause);
}
