/** How long a job's run has been at work: what its balance doesn't hold yet, and what its end would lose. */
import type { Job } from "../model/job.ts";
import { isAtWork, isSuspended, runOf } from "../model/state.ts";
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

/**
 * Work that its run's end would lose, in ms: since its last checkpoint or, where that is older, since the run began; at
 * most the time that its steps since then take. What it stood still before, held, counts where it tells no steps.
 */
export function unsavedMs(
  { state, checkpoint, progress }: Pick<Job, "state" | "checkpoint" | "progress">,
  now: Now,
): number {
  const run = runOf({ state });
  if (run === null) return 0;
  const begun = run.slurm?.begunAt ?? run.startedAt;
  const until = isSuspended(state.name) ? state.since : now;
  const spanMs = Math.max(0, until.wallMs - Math.max(begun.wallMs, checkpoint?.createdAtMs ?? 0));
  const { step = null, stepMs } = progress ?? {};
  if (step === null || !stepMs || checkpoint === null || checkpoint.step === null) return spanMs;
  return Math.min(spanMs, Math.max(0, step - checkpoint.step) * stepMs);
}
