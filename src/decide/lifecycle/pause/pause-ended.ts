/**
 * The end of a run that was asked to pause. `paused` is a promise: given only with a valid checkpoint
 * and no process left; otherwise the event says what was lost.
 */

import type { JobSpec } from "../../../config/schema/job-schema.ts";
import { EXIT_PAUSED } from "../../../contract/names.ts";
import { pauseSignalOf, savesBy } from "../../../model/job.ts";
import type { Learned } from "../../../model/learned.ts";
import type { Checkpoint } from "../../../model/run.ts";
import { type Exit, exitCodeOf, type Seen } from "../../../model/seen.ts";
import { askedByRule, type PauseRequest } from "../../../model/state.ts";
import { FILE_CLOCK_MS } from "../../../model/time.ts";
import { duration } from "../../../words/duration.ts";
import { number } from "../../../words/number.ts";
import { exitText, wroteLast } from "../../../words/sentences/exit.ts";
import { matching } from "../../../words/sentences/new-checkpoint.ts";
import { bytes, size } from "../../../words/size.ts";
import { measured } from "../../learned.ts";
import { becomePaused, leave } from "../end/leave-run.ts";
import { ended, endedUnread, fail, finish, hasFinished, howToBeSeen, lose } from "../end/run-ended.ts";
import { endedBySlurm, pausedInQueue } from "../end/slurm-ended.ts";
import { stepsAre, stepsLost } from "../end/steps-lost.ts";
import { couldNotRead } from "../end/unread.ts";
import { account } from "../learn.ts";
import { allPaused, stepsByRank, worldSize } from "../ranks.ts";
import type { Transition } from "../transition.ts";
import { released } from "./gpu-memory-freed.ts";

/** Network file systems lag: keep re-reading the reports of several ranks for this long. */
const REREAD_MS = 60_000;

export function exited(transition: Transition, seen: Seen, exit: Exit, availableMiB: number | null): void {
  const { request } = transition.pausing("seen");
  if (transition.job.cancelling !== undefined) {
    ended(transition, exit);
    return;
  }
  if (pausedInQueue(transition, seen) || endedBySlurm(transition, seen)) return;
  const code = exitCodeOf(exit);
  const forced = request.overdue === "terminated" || request.overdue === "killed";
  const saved = savedCheckpoint(transition, seen, request);
  const since = saved !== null && saved.createdAtMs >= request.askedAt.wallMs - FILE_CLOCK_MS;
  const told = transition.job.spec.pause.exitCodes.includes(code ?? -1);
  // What the config says of an exit code comes before what the contract does (74), as far as it goes.
  if (!forced && !(told && since) && couldNotRead(transition, exit, seen)) {
    tellFailed(transition, exit);
    endedUnread(transition, endedInstead(transition, exit, seen), code);
    return;
  }
  const said = allPaused(seen);
  // A program that was made to end, or saves when asked, may well exit with 0; one that says so has finished.
  const saves = code === 0 && since && wasAsked(transition);
  const own = told || saves;
  if (!said && hasFinished(seen) && (code === 0 || isByOurSignal(transition, exit))) {
    finish(transition, seen, exit);
    return;
  }
  if (code === 0 && !said && !own && !forced) {
    finish(transition, seen);
    return;
  }
  if ((request.method === "freeze" || request.method === "park") && !said) {
    ended(transition, exit);
    return;
  }
  const mayLag = transition.now.monotonicMs - (request.exitedAt ?? transition.now).monotonicMs < REREAD_MS;
  // A launcher's own code (torchrun: 1) means nothing while some ranks' reports are still on their way.
  if (mayLag && !said && seen.ranks.some((rank) => rank.state === "paused")) return;
  if (!said && code !== EXIT_PAUSED && !own && !forced) {
    failed(transition, exit, seen, shortOfPaused(transition, exit, saved));
    return;
  }
  if (mayLag && ranksLag(seen)) return;
  if (saved === null && own && !said && code !== EXIT_PAUSED && !forced) {
    if (code === 0) finish(transition, seen);
    else failed(transition, exit, seen, withoutNew(transition));
    return;
  }
  complete(transition, { seen, exit, availableMiB }, saved);
}

/** A program that takes itself down no longer catches the signal that asks it to pause. */
const isByOurSignal = ({ job }: Transition, exit: Exit): boolean =>
  exit.known && exit.signal === pauseSignalOf(job.spec);

/** It heard the request, or got its signal. */
function wasAsked(transition: Transition): boolean {
  const { method, acknowledgedAt, lastRingMs, askedAt } = transition.pausing("seen").request;
  if (method === "freeze" || method === "park" || savesBy(transition.job) === "itself") return false;
  return acknowledgedAt !== null || lastRingMs >= askedAt.monotonicMs;
}

/** What an end while pausing lacks to count as a pause, to go on a sentence with, and the mend, a sentence to follow it. */
interface Short {
  lacking: string;
  mend: string;
}

const NOT_KNOWN: Short = { lacking: "", mend: "" };

const withoutNew = ({ job }: Transition): Short => ({
  lacking: `, without a new checkpoint${matching(job.spec)}`,
  mend: howToBeSeen(job),
});

function shortOfPaused(transition: Transition, exit: Exit, saved: Checkpoint | null): Short {
  const { glob } = transition.job.spec.checkpoint;
  const code = exitCodeOf(exit);
  if (glob === undefined || code === null) return NOT_KNOWN;
  if (saved === null) return withoutNew(transition);
  if (!wasAsked(transition)) return NOT_KNOWN;
  const mend = ` It has saved since it was asked: if this is how it pauses, add ${code} to its pause.exitCodes.`;
  return { lacking: "", mend };
}

/** Any other exit while pausing: reported, then treated like every failure. */
function failed(transition: Transition, exit: Exit, seen: Seen, short: Short): void {
  tellFailed(transition, exit, short);
  if (exit.known) fail(transition, endedInstead(transition, exit, seen, short), exit.code);
  else lose(transition);
}

function tellFailed(transition: Transition, exit: Exit, { lacking } = NOT_KNOWN): void {
  const reason = `It was asked to pause and ended with ${exitText(exit)} instead${lacking}.`;
  transition.tell("pause.failed", "job", reason, {
    outcome: { code: exitCodeOf(exit), stepsLost: stepsLost(transition) },
  });
}

const endedInstead = ({ run }: Transition, exit: Exit, seen: Seen, { lacking, mend } = NOT_KNOWN): string =>
  `Run ${run.number} ended with ${exitText(exit)} when it was asked to pause${lacking}.${mend}${wroteLast(seen)}`;

/** Not all ranks have reported the same step yet. */
function ranksLag(seen: Seen): boolean {
  if (worldSize(seen) === 1) return false;
  return seen.ranks.length < worldSize(seen) || new Set(seen.ranks.map((rank) => rank.step)).size > 1;
}

/** The checkpoint that this pause has left, or null if none counts. */
function savedCheckpoint(transition: Transition, seen: Seen, request: PauseRequest): Checkpoint | null {
  const { checkpoint } = transition.job;
  if (checkpoint === null) return null;
  if (transition.job.spec.checkpoint.glob !== undefined || checkpoint.verified === "size and age only")
    return checkpoint.createdAtMs >= request.askedAt.wallMs - FILE_CLOCK_MS ? checkpoint : null;
  if (ranksLag(seen)) return null;
  const step = transition.job.progress?.step ?? null;
  // Without a step to compare, accept a checkpoint made since the request.
  if (step === null || checkpoint.step === null)
    return checkpoint.createdAtMs >= request.askedAt.wallMs - FILE_CLOCK_MS ? checkpoint : null;
  return checkpoint.step >= step ? checkpoint : null;
}

interface End {
  seen: Seen;
  exit: Exit;
  availableMiB: number | null;
}

function complete(transition: Transition, { seen, exit, availableMiB }: End, saved: Checkpoint | null): void {
  const { request } = transition.pausing("seen");
  const goneMs = transition.now.monotonicMs - request.askedAt.monotonicMs;
  const lost = stepsLost(transition);
  // The job's clock and ours; the clock may have been set in between.
  const saveMs =
    saved === null ? null : Math.min(goneMs, Math.max(0, saved.createdAtMs - request.askedAt.wallMs));
  learnCost(transition, { saveMs, goneMs, lost });
  const { job } = transition;
  const outcome = {
    method: request.method,
    forced: request.overdue,
    signalToCheckpointMs: saveMs,
    goneAfterMs: goneMs,
    bytes: saved?.bytes ?? null,
    step: job.checkpoint?.step ?? null,
    ...stepsByRank(seen),
    stepsLost: lost,
    releasedMiB: heldMiB(job.learned),
    freeMemoryRoseMiB: rose(availableMiB, request.availableMiBAtRequest),
    ...released(transition).outcome,
  };
  const kind = saved === null ? "pause.failed" : "pause.completed";
  const reason = summary(transition, saved, lost, goneMs);
  transition.tell(kind, request.cause.actor, `${reason}${assumed(exit, job.spec)}`, { outcome });
  leave(transition, saved === null ? "paused, but not saved" : `paused${at(saved)}`);
  transition.note({ attempts: { ...job.attempts, fruitless: 0 } });
  becomePaused(transition, request.cause, saved === null ? reason : undefined);
}

const assumed = (exit: Exit, { pause }: JobSpec): string =>
  exitCodeOf(exit) === 0 && !pause.exitCodes.includes(0)
    ? " Its exit code 0 counts as paused: it was asked to, has saved since, and didn't report that it has finished."
    : "";

interface Cost {
  /** Null: nothing was saved. */
  saveMs: number | null;
  goneMs: number;
  lost: number | null;
}

/** What this pause cost: how long it took, and what a rule's pause charges to the overhead budget. */
function learnCost(transition: Transition, { saveMs, goneMs, lost }: Cost): void {
  const { request } = transition.pausing("seen");
  const { learned, progress } = transition.job;
  const leaveMs = saveMs === null ? null : goneMs - saveMs;
  transition.note({ learned: measured(learned, { saveMs, leaveMs, stepsRedone: lost }) });
  if (!askedByRule(request.cause)) return;
  const exitedMs = (request.exitedAt ?? transition.now).monotonicMs;
  const redoneMs = (lost ?? 0) * (progress?.stepMs ?? 0);
  account(transition, { overheadMs: exitedMs - request.askedAt.monotonicMs + redoneMs });
}

/** What it held the last time that it was measured. */
const heldMiB = ({ memoryMiB }: Learned): number | null => memoryMiB?.recent.at(-1) ?? null;

const rose = (now: number | null, before: number | null): number | null =>
  now === null || before === null ? null : Math.round(now - before);

function summary(
  transition: Transition,
  saved: Checkpoint | null,
  lost: number | null,
  goneMs: number,
): string {
  const loses = stepsAre(lost, "lost");
  if (saved === null) {
    const { checkpoint } = transition.job;
    const from = checkpoint === null ? "the beginning" : `the checkpoint before${before(checkpoint)}`;
    return `It is gone after ${duration(goneMs)} but left no valid checkpoint of this pause${matching(transition.job.spec)}; it will go on from ${from}; ${loses}.`;
  }
  const several = (transition.job.worldSize ?? 1) > 1 ? ` of all ${transition.job.worldSize} ranks` : "";
  const what = `${saved.step === null ? "its checkpoint" : `step ${number(saved.step)}`}${several}`;
  const memory = heldMiB(transition.job.learned);
  const host = memory === null ? "" : `; ${size(memory)} of memory released`;
  const freed = `${host}${released(transition).text}`;
  return `${transition.pausing("seen").request.release ? "Released from standby" : "Paused"}: ${what} saved (${bytes(saved.bytes)}, ${checkName(saved)}), gone after ${duration(goneMs)}${freed}; ${loses}.`;
}

const at = (checkpoint: Checkpoint): string =>
  checkpoint.step === null ? "" : ` at step ${number(checkpoint.step)}`;
const before = (checkpoint: Checkpoint): string =>
  checkpoint.step === null ? "" : ` (step ${number(checkpoint.step)})`;
const checkName = (saved: Checkpoint): string =>
  saved.verified === "size and age only" ? "size and age checked" : "verified";
