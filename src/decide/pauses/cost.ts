/** What one pause of a job costs it, as learned. Pure. */
import { type Figure, typical } from "../../model/figure.ts";
import type { Job } from "../../model/job.ts";

/**
 * Saving, leaving, loading and the steps made again, in ms: the typical figure of each, 0 for those that were
 * never measured. Null where neither a save nor a reload was.
 */
export function pauseCostMs({ learned, progress }: Pick<Job, "learned" | "progress">): number | null {
  const { saveMs, leaveMs, reloadMs, stepsRedone } = learned;
  if (saveMs === undefined && reloadMs === undefined) return null;
  return of(saveMs) + of(leaveMs) + of(reloadMs) + of(stepsRedone) * (progress?.stepMs ?? 0);
}

const of = (figure: Figure | undefined): number => (figure === undefined ? 0 : typical(figure));
