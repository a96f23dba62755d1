/** How a job can be paused, given what it understands and what the pause has to free. */

import type { Job } from "../../model/job.ts";
import { canSave } from "../../model/job.ts";
import type { PauseMethod } from "../../model/state.ts";

export interface Wish {
  /** A frozen job or one on standby frees time but keeps its memory. */
  frees: "time" | "memory";
  /** Rather by freeze, where that frees what is needed. */
  freeze?: boolean;
}

/** Null where no method would free it: ranks that are frozen fail, memory isn't freed by a freeze. */
export function pauseMethod(job: Job, { frees, freeze = false }: Wish): PauseMethod | null {
  const { method } = job.spec.pause;
  const saves = canSave(job);
  const mayFreeze = frees === "time" && (job.worldSize ?? 1) === 1;
  if (freeze && mayFreeze) return "freeze";
  if (method === "standby") return frees === "memory" ? "checkpoint" : "standby";
  if (method === "freeze") return mayFreeze ? "freeze" : saves ? "checkpoint" : null;
  if (method === "checkpoint" || saves) return "checkpoint";
  return mayFreeze ? "freeze" : null;
}
