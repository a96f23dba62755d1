/** When a supervisor that stops is done with a job. */
import { isService, type Job } from "../../model/job.ts";
import { isStuck, isWorking, runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import { pauseMethod } from "./pause-method.ts";

/** It is safe, or can't be made so: what can't be paused goes on, and an overdue pause isn't waited for. */
export function isSettled(job: Job, now: Now): boolean {
  const { state } = job;
  if (runOf(job) === null || isService(job)) return true;
  switch (state.name) {
    case "frozen":
      return true;
    case "standby":
      return state.server !== undefined;
    case "pausing":
      return isStuck(state.request, now);
    default:
      return isWorking(state.name) && pauseMethod(job, { frees: "time" }) === null;
  }
}
