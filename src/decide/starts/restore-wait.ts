/**
 * A job whose newest checkpoint is only in its backup: its start waits until that is here again. Where the
 * backup can't be reached, an older checkpoint here is better than no progress; without one it waits,
 * since beginning at the beginning would lose what is stored.
 */

import { isPassedOver, type Job } from "../../model/job.ts";
import type { Checkpoint } from "../../model/run.ts";
import type { WaitingFor } from "../../model/why.ts";
import { number } from "../../words/number.ts";

/** Tries before an older checkpoint is taken instead. */
const MOST_TRIES = 3;

/**
 * Whether its backup holds a later step than `checkpoint`, the newest that is here. A copy of one that is passed over
 * is passed over, too.
 */
export function isBackupLater(
  job: Pick<Job, "spec" | "backedUp" | "doubts">,
  checkpoint: Checkpoint | null,
): boolean {
  const { spec, backedUp } = job;
  if (spec.backup === undefined || backedUp === undefined || backedUp.step === null) return false;
  if (isPassedOver(job, backedUp)) return false;
  return checkpoint === null || (checkpoint.step !== null && checkpoint.step < backedUp.step);
}

/** Whether its checkpoint is to be fetched from its backup now. */
export function lacksRestored(job: Job): boolean {
  const { checkpoint, restoring } = job;
  if (job.state.name !== "waiting" && job.state.name !== "paused") return false;
  if (!isBackupLater(job, checkpoint)) return false;
  return checkpoint === null || (restoring?.tries ?? 0) < MOST_TRIES;
}

export function restoreWait(job: Job): WaitingFor[] {
  if (!lacksRestored(job)) return [];
  const step = number(job.backedUp?.step ?? 0);
  const failed = job.restoring === undefined ? "" : `; the last try failed: ${job.restoring.reason}`;
  const text = `its checkpoint of step ${step} is no longer here and is fetched from its backup${failed}`;
  return [{ code: "checkpoint-restore", text }];
}
