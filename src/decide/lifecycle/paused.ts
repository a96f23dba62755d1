/**
 * The end of a run that was asked to pause. `paused` is a promise: it is given only with a
 * valid checkpoint and with nobody left; where that isn't so, the event says what was lost.
 */
import { EXIT_PAUSED } from "../../contract/names.ts";
import type { Checkpoint, Exit, PauseRequest, Seen } from "../../model.ts";
import { bytes, duration, exitText, number, plural, size } from "../say.ts";
import { ended, fail, finish, leave, lose, settleAsPaused, shellCode, stepsLost } from "./end.ts";
import { account, FILE_CLOCK_MS } from "./learn.ts";
import { allPaused, stepsByRank, worldSize } from "./ranks.ts";
import { released } from "./release.ts";
import type { Turn } from "./turn.ts";

/** Network file systems lag: reports of several ranks are read again for so long. */
const REREAD_MS = 60_000;

export function exited(turn: Turn, seen: Seen, exit: Exit, availableMiB: number | null): void {
  const { state } = turn;
  if (state.name !== "pausing") throw turn.bug("seen");
  const { request } = state;
  if (turn.job.cancelling !== undefined) {
    ended(turn, exit);
    return;
  }
  const code = shellCode(exit);
  const said = allPaused(seen);
  const forced = request.overdue === "terminated" || request.overdue === "killed";
  const own = turn.job.spec.pause.exitCodes.includes(code ?? -1);
  // A program that was made to end may well exit with 0; only one that says so has finished.
  const finished = seen.ranks.length > 0 && seen.ranks.every(({ state }) => state === "finished");
  if (code === 0 && !said && !own && (!forced || finished)) {
    finish(turn);
    return;
  }
  if (request.method === "freeze" && !said) {
    ended(turn, exit);
    return;
  }
  const mayLag = turn.now.monotonicMs - (request.exitedAt ?? turn.now).monotonicMs < REREAD_MS;
  // A launcher's own code (torchrun: 1) says nothing while the reports of some ranks are on their way.
  if (mayLag && !said && seen.ranks.some((rank) => rank.state === "paused")) return;
  if (!said && code !== EXIT_PAUSED && !own && !forced) {
    failed(turn, exit, code);
    return;
  }
  if (mayLag && ranksLag(seen)) return;
  const saved = savedCheckpoint(turn, seen, request);
  if (saved === null && own && !said && code !== EXIT_PAUSED && !forced) {
    if (code === 0) finish(turn);
    else failed(turn, exit, code);
    return;
  }
  complete(turn, seen, saved, availableMiB);
}

/** Any other exit while pausing: said, then treated like every failure. */
function failed(turn: Turn, exit: Exit, code: number | null): void {
  turn.tell("pause.failed", "job", `It was asked to pause and ended with ${exitText(exit)} instead.`, {
    outcome: { code, stepsLost: stepsLost(turn) },
  });
  if (!exit.known) {
    lose(turn);
    return;
  }
  fail(turn, `Run ${turn.run.number} ended with ${exitText(exit)} when it was asked to pause.`, code);
}

/** Not all of several ranks have reported the same step yet. */
function ranksLag(seen: Seen): boolean {
  if (worldSize(seen) === 1) return false;
  return seen.ranks.length < worldSize(seen) || new Set(seen.ranks.map((rank) => rank.step)).size > 1;
}

/** The checkpoint that this pause has left, or null where it has left none that counts. */
function savedCheckpoint(turn: Turn, seen: Seen, request: PauseRequest): Checkpoint | null {
  const { checkpoint } = turn.job;
  if (checkpoint === null) return null;
  if (turn.job.spec.checkpoint.glob !== undefined || checkpoint.verified === "size and age only")
    return checkpoint.createdAtMs >= request.askedAt.wallMs - FILE_CLOCK_MS ? checkpoint : null;
  if (ranksLag(seen)) return null;
  const step = turn.job.progress?.step ?? null;
  // Without a step to compare, one made since the request is meant.
  if (step === null || checkpoint.step === null)
    return checkpoint.createdAtMs >= request.askedAt.wallMs - FILE_CLOCK_MS ? checkpoint : null;
  return checkpoint.step >= step ? checkpoint : null;
}

function complete(turn: Turn, seen: Seen, saved: Checkpoint | null, availableMiB: number | null): void {
  const { state, now, job } = turn;
  if (state.name !== "pausing") throw turn.bug("seen");
  const { request } = state;
  const goneMs = now.monotonicMs - request.askedAt.monotonicMs;
  const exitedAt = request.exitedAt ?? now;
  const saveMs = exitedAt.monotonicMs - (request.acknowledgedAt ?? request.askedAt).monotonicMs;
  if (saved !== null)
    turn.job.learned = {
      ...job.learned,
      saveMs,
      slowestSaveMs: Math.max(saveMs, job.learned.slowestSaveMs ?? 0),
    };
  const lost = saved === null ? stepsLost(turn) : (stepsLost(turn) ?? 0);
  if (request.cause.actor.startsWith("rule:"))
    account(
      turn,
      0,
      exitedAt.monotonicMs - request.askedAt.monotonicMs + (lost ?? 0) * (job.progress?.stepMs ?? 0),
    );
  const outcome = {
    method: request.method,
    forced: request.overdue,
    // The job's clock and ours; somebody may have set it in between.
    signalToCheckpointMs:
      saved === null ? null : Math.min(goneMs, Math.max(0, saved.createdAtMs - request.askedAt.wallMs)),
    goneAfterMs: goneMs,
    bytes: saved?.bytes ?? null,
    step: turn.job.checkpoint?.step ?? null,
    ...stepsByRank(seen),
    stepsLost: lost,
    releasedMiB: job.learned.memoryMiB,
    freeMemoryRoseMiB: rose(availableMiB, request.availableMiBAtRequest),
    ...released(turn).outcome,
  };
  const kind = saved === null ? "pause.failed" : "pause.completed";
  turn.tell(kind, request.cause.actor, summary(turn, saved, lost, goneMs), { outcome });
  leave(turn);
  turn.job.attempts = { ...turn.job.attempts, fruitless: 0 };
  settleAsPaused(turn, request.cause);
}

const rose = (now: number | null, before: number | null): number | null =>
  now === null || before === null ? null : Math.round(now - before);

function summary(turn: Turn, saved: Checkpoint | null, lost: number | null, goneMs: number): string {
  const loses = lost === null ? "how many steps are lost isn't known" : `${plural(lost, "step")} lost`;
  if (saved === null) {
    const { checkpoint } = turn.job;
    const from = checkpoint === null ? "the beginning" : `the checkpoint before${at(checkpoint)}`;
    return `It is gone after ${duration(goneMs)} but left no valid checkpoint of this pause; it will go on from ${from}; ${loses}.`;
  }
  const several = (turn.job.worldSize ?? 1) > 1 ? ` of all ${turn.job.worldSize} ranks` : "";
  const what = `${saved.step === null ? "its checkpoint" : `step ${number(saved.step)}`}${several}`;
  const memory = turn.job.learned.memoryMiB;
  const host = memory === null ? "" : `; ${size(memory)} of memory released`;
  const freed = `${host}${released(turn).text}`;
  return `Paused: ${what} saved (${bytes(saved.bytes)}, ${checkName(saved)}), gone after ${duration(goneMs)}${freed}; ${loses}.`;
}

const at = (checkpoint: Checkpoint): string =>
  checkpoint.step === null ? "" : ` (step ${number(checkpoint.step)})`;
const checkName = (saved: Checkpoint): string =>
  saved.verified === "size and age only" ? "size and age checked" : "verified";
