/**
 * Memory that a job on standby still holds: kept for a while, then its context is saved and its run ends. A
 * server that hasn't given it back, or has loaded itself again, is asked again.
 */
import type { Job } from "../../model/job.ts";
import type { Now } from "../../model/time.ts";
import { duration } from "../../words/duration.ts";
import type { Pause } from "./victims.ts";

/** Milliseconds from now until its memory is given back; null when it isn't on standby, or keeps it for good. */
export function releaseInMs({ state, spec }: Job, now: Now): number | null {
  const { releaseAfterMinutes } = spec.standby;
  if (state.name !== "standby") return null;
  if (state.server !== undefined)
    return state.server.released ? null : state.server.againMs - now.monotonicMs;
  if (releaseAfterMinutes === "never") return null;
  return state.since.monotonicMs + releaseAfterMinutes * 60_000 - now.monotonicMs;
}

export function releasePause(job: Job, now: Now): Pause | null {
  const { state, name } = job;
  const inMs = releaseInMs(job, now);
  if (state.name !== "standby" || inMs === null || inMs > 0) return null;
  if (state.server !== undefined)
    return { verb: "pause", job: name, method: "http", cause: state.cause, evidence: {} };
  const lasted = duration(now.monotonicMs - state.since.monotonicMs);
  const reason = `${state.cause.reason} On standby for ${lasted}, so its memory is released.`;
  return { verb: "pause", job: name, method: "checkpoint", cause: { ...state.cause, reason }, evidence: {} };
}
