/** A job on standby keeps its memory only for a while: then its context is saved and its run ends. */
import type { Job } from "../../model/job.ts";
import type { Now } from "../../model/time.ts";
import { duration } from "../../words/duration.ts";
import type { Pause } from "./victims.ts";

/** Milliseconds from now until its memory is given back; null when it isn't on standby, or keeps it for good. */
export function releaseInMs({ state, spec }: Job, now: Now): number | null {
  const { releaseAfterMinutes } = spec.standby;
  if (state.name !== "standby" || releaseAfterMinutes === "never") return null;
  return state.since.monotonicMs + releaseAfterMinutes * 60_000 - now.monotonicMs;
}

export function releasePause(job: Job, now: Now): Pause | null {
  const { state, name } = job;
  const inMs = releaseInMs(job, now);
  if (state.name !== "standby" || inMs === null || inMs > 0) return null;
  const lasted = duration(now.monotonicMs - state.since.monotonicMs);
  const reason = `${state.cause.reason} On standby for ${lasted}, so its memory is given back.`;
  return { verb: "pause", job: name, method: "checkpoint", cause: { ...state.cause, reason }, evidence: {} };
}
