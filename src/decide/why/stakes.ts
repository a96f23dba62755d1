/**
 * What is at stake in not waiting for a run: what ending it now would lose, and what freezing it would
 * keep held. In words, for the person who has to choose. Decides nothing.
 */

import { peak } from "../../model/figure.ts";
import type { Job } from "../../model/job.ts";
import { duration } from "../../words/duration.ts";
import { plural } from "../../words/list.ts";
import { size } from "../../words/size.ts";
import { clockTime } from "../../words/time.ts";
import { gpuMemoryOf } from "../learned.ts";

/** "loses about 3,412 steps (41 min, last checkpoint 13:21)"; `unsavedMs`: by that function, else since the checkpoint. */
export function endingLoses(
  { progress, checkpoint, unsavedMs }: Pick<Job, "progress" | "checkpoint"> & { unsavedMs?: number },
  nowMs: number,
): string {
  const step = progress?.step ?? null;
  if (checkpoint === null)
    return `loses all that it has done${step === null ? "" : ` (${plural(step, "step")})`}: there is no checkpoint`;
  const work = duration(unsavedMs ?? Math.max(0, nowMs - checkpoint.createdAtMs));
  const last = `last checkpoint ${clockTime(checkpoint.createdAtMs, nowMs)}`;
  if (step === null || checkpoint.step === null) return `loses what it hasn't saved (${work}, ${last})`;
  const steps = Math.max(0, step - checkpoint.step);
  return steps === 0 ? `loses no step (${last})` : `loses about ${plural(steps, "step")} (${work}, ${last})`;
}

/** "frees its GPU time now, keeps 18.2 GiB VRAM" */
export function freezingKeeps({ learned }: Pick<Job, "learned">): string {
  const { memoryMiB } = learned;
  const onGpu = gpuMemoryOf(learned);
  if (onGpu !== undefined) return `frees its GPU and CPU time now, keeps ${size(peak(onGpu))} VRAM`;
  const memory = memoryMiB === undefined ? "its memory" : `${size(peak(memoryMiB))} of memory`;
  return `frees its CPU time now, keeps ${memory}`;
}
