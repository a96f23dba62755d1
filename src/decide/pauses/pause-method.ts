/** How a job can be paused, given what it understands and what the pause has to free. */

import type { Job } from "../../model/job.ts";
import { isOnSlurm, isSeveral, savesBy } from "../../model/job.ts";
import { type PauseMethod, runOf } from "../../model/state.ts";

export interface Wish {
  /**
   * `memory`: the host's, or all that it holds. A frozen job or one on standby frees GPU or CPU time but keeps its
   * memory; a parked one frees its VRAM, and takes as much of the host's.
   */
  frees: "time" | "memory" | "vram";
  /** Prefer a freeze where it frees what is needed. */
  freeze?: boolean;
}

/**
 * Null if no method would free it: frozen ranks fail, and a freeze frees no memory. Ranks that can't be
 * asked either are paused only where they may be ended once their grace is over.
 */
export function pauseMethod(job: Job, { frees, freeze = false }: Wish): PauseMethod | null {
  // A frozen run would keep its nodes from everybody else.
  if (isOnSlurm(job)) return "checkpoint";
  const { method, onTimeout } = job.spec.pause;
  const saves = savesBy(job) !== null;
  const mayFreeze = frees === "time" && !isSeveral(job);
  // A stopped program hangs the driver's calls about it.
  if (freeze && mayFreeze && runOf(job)?.park === undefined) return "freeze";
  if (method === "park" && frees !== "memory" && !isSeveral(job)) return "park";
  if (method === "http") return "http";
  if (method === "standby") return frees === "time" ? "standby" : "checkpoint";
  if (method === "freeze" || method === "park") return mayFreeze ? "freeze" : saves ? "checkpoint" : null;
  if (method === "checkpoint" || saves) return "checkpoint";
  if (frees === "vram" && parksByItself(job)) return "park";
  if (mayFreeze) return "freeze";
  return isSeveral(job) && (onTimeout === "terminate" || onTimeout === "kill") ? "checkpoint" : null;
}

/** Nothing shows that it saves, and a program was seen to come back from being parked on its GPU. */
export const parksByItself = (job: Job): boolean =>
  job.spec.pause.method === "auto" && runOf(job)?.parks === true && !isSeveral(job) && savesBy(job) === null;
