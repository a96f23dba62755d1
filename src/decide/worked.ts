/** How long a job's run has been at work: what its balance doesn't hold yet. */
import type { Job } from "../model/job.ts";
import { isAtWork } from "../model/state.ts";
import type { Now } from "../model/time.ts";

/**
 * Since it last started working, in ms; 0 while it isn't at work, before a resumed run is seen to continue, and before
 * the first step of one that reports steps.
 */
export function workedMs({ state, understands }: Pick<Job, "state" | "understands">, now: Now): number {
  if (!isAtWork(state.name) || !("run" in state)) return 0;
  const { firstStepAt, resuming } = state.run;
  if (resuming !== undefined) return 0;
  if (understands === "contract" && firstStepAt === undefined) return 0;
  return Math.max(0, now.monotonicMs - Math.max(state.since.monotonicMs, firstStepAt?.monotonicMs ?? 0));
}
