/**
 * Whether a job's next checkpoint will fit on the disk, judged by its newest one. Only warns: a pause
 * that others need is requested all the same, since a job that can't save goes on and loses nothing.
 */

import type { Job } from "../../model/job.ts";
import { runOf } from "../../model/state.ts";
import { bytes, size } from "../../words/size.ts";

/** A model grows a little, and the older checkpoint stays until the new one is whole. */
const MARGIN = 1.2;

/** One sentence, or null if it fits or nothing is known. `freeMiB`: free on the checkpoints' own disk. */
export function lacksRoom({ checkpoint }: Pick<Job, "checkpoint">, freeMiB: number | null): string | null {
  if (checkpoint === null || freeMiB === null) return null;
  if (checkpoint.bytes * MARGIN <= freeMiB * 1_048_576) return null;
  return `Only ${size(freeMiB)} is free where it saves, and its last checkpoint took ${bytes(checkpoint.bytes)}: the next save may fail.`;
}

/** For a live job: its last save failed, or its next one may. Reads `freeMiB` only where it counts. */
export function savingProblem(job: Job, freeMiB: () => number | null): string | null {
  if (!runOf(job)) return null;
  const { failedSaves, error } = job.progress ?? {};
  const problem = failedSaves === undefined ? lacksRoom(job, freeMiB()) : (error ?? "its saves fail");
  return problem === null ? null : `${job.name}: ${problem}`;
}
