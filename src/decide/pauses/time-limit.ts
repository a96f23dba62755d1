/**
 * A job's own time limit: so long may its runs be at work, all together. Then it saves, if it can, and has ended. A
 * pause that it doesn't answer within its grace ends it, whatever `pause.onTimeout` says: a limit that waits is none.
 */
import type { Job } from "../../model/job.ts";
import { savesBy } from "../../model/job.ts";
import type { Now } from "../../model/time.ts";
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import type { Pause } from "./victims.ts";

/** Time at work until its limit in ms, less than 0 once that is over; null for a job without one. */
export function timeLeftMs({ spec: { timeLimitMinutes }, ranMs = 0, state }: Job, now: Now): number | null {
  if (timeLimitMinutes === undefined) return null;
  const thisRun = state.name === "running" ? now.monotonicMs - state.since.monotonicMs : 0;
  return timeLimitMinutes * 60_000 - ranMs - thisRun;
}

export function timeLimitPause(job: Job, now: Now): Pause | null {
  const { state, spec } = job;
  if (state.name === "pausing") {
    const { cause: asked, overdue, endedByHand } = state.request;
    const inVain = overdue === "waiting" || overdue === "frozen";
    return asked.ends && inVain && endedByHand === undefined ? { ...pauseOf(job), end: true } : null;
  }
  const left = state.name === "running" ? timeLeftMs(job, now) : null;
  if (left === null || left > 0) return null;
  // A server gives its memory back and a parked program holds it: neither would end.
  const saves = savesBy(job) !== null && spec.pause.method !== "http" && spec.pause.method !== "park";
  return saves ? pauseOf(job) : { ...pauseOf(job), end: true };
}

function pauseOf({ name, spec: { timeLimitMinutes = 0 } }: Job): Pause {
  const reason = `Its time limit is reached: ${duration(timeLimitMinutes * 60_000)} at work.`;
  const cause = { actor: "supervisor" as const, reason, critical: false, ends: true as const };
  return { verb: "pause", job: name, method: "checkpoint", cause, evidence: {} };
}

/** Why it has ended, as sentences. */
export function limitReached({ cause, checkpoint, unsaved }: LimitReached): string {
  const kept = checkpoint?.step == null ? "" : ` Its last checkpoint is of step ${number(checkpoint.step)}.`;
  return `${cause.reason}${unsaved === undefined ? "" : ` ${unsaved}`}${kept} It isn't resumed by itself.`;
}

type LimitReached = Pick<Job, "checkpoint"> & { cause: { reason: string }; unsaved?: string };
