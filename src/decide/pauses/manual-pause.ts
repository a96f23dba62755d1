/** The pause that a person wants, as far as the job's state allows it now. Pure. */

import type { Job } from "../../model/job.ts";
import { isWorking, runOf } from "../../model/state.ts";
import { pauseMethod } from "./pause-method.ts";
import type { Pause } from "./victims.ts";

/** Null while nothing of it can be paused, or it is being paused already: it is looked at again at each decision. */
export function manualPause(job: Job): Pause | null {
  const { manual, state } = job;
  if (manual?.want !== "pause") return null;
  const cause = { actor: "user" as const, reason: `Asked for by ${manual.by}.`, critical: false };
  const asked = { verb: "pause" as const, job: job.name, cause, evidence: {} };
  if (manual.force === "terminate")
    return mayBeEnded(job) ? { ...asked, method: "checkpoint", end: true } : null;
  const freeze = manual.force === "freeze";
  const method = pauseMethod(job, { frees: "time", freeze });
  if (method === null) return null;
  const frozenNow = freeze && state.name === "pausing" && state.request.overdue === "waiting";
  if (!isWorking(job.state.name) && !(frozenNow && method === "freeze")) return null;
  return { ...asked, method, ...(freeze && { wanted: true as const }) };
}

/** A process of it is alive, whatever it is doing; asking once is enough. */
function mayBeEnded({ state }: Job): boolean {
  if (state.name === "pausing") return state.request.endedByHand === undefined;
  return runOf({ state }) !== null && state.name !== "lost";
}
