/**
 * The system is about to sleep: what can save does, since a battery may run empty meanwhile, and a GPU's memory isn't
 * sure to come back. What can't save sleeps as it is. It goes on by the ordinary rules once the system is awake.
 */
import { isOnSlurm, isService, type Job, savesBy } from "../../model/job.ts";
import { isStuck, isWorking, runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import type { TickInput } from "../tick-input.ts";
import { pauseMethod } from "./pause-method.ts";
import type { Pause } from "./victims.ts";

/** Asked of what is at work, and of a model in memory that stands by; what is frozen stays so. */
export function sleepPause(job: Job, { mode }: TickInput): Pause | null {
  if (!mode.sleepComes || !mayBeAsked(job) || !saves(job)) return null;
  const cause = { actor: "supervisor" as const, reason: "The system is about to sleep.", critical: false };
  return { verb: "pause", job: job.name, method: "checkpoint", cause, evidence: {} };
}

/** The system's sleep is worth delaying for it: it has something to save, or is at it. */
export function delaysSleep(job: Job, now: Now): boolean {
  const { state } = job;
  if (state.name !== "pausing") return mayBeAsked(job) && job.cancelling === undefined && saves(job);
  return state.request.method === "checkpoint" && !isStuck(state.request, now) && !isOnSlurm(job);
}

const mayBeAsked = ({ state }: Job): boolean =>
  isWorking(state.name) || (state.name === "standby" && state.server === undefined);

/** On this machine: a cluster doesn't sleep. */
const saves = (job: Job): boolean =>
  runOf(job) !== null &&
  !isOnSlurm(job) &&
  !isService(job) &&
  savesBy(job) !== null &&
  pauseMethod(job, { frees: "memory" }) === "checkpoint";
