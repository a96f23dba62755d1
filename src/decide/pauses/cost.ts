/** What one pause of a job costs it, as learned. Pure. */
import { type Figure, typical } from "../../model/figure.ts";
import type { Job } from "../../model/job.ts";
import { gpuMemoryOf } from "../learned.ts";

/**
 * Saving, leaving, loading and the steps made again, in ms: the typical figure of each, 0 for those that were
 * never measured. Null where neither a save nor a reload was.
 */
export function pauseCostMs({ learned, progress }: Pick<Job, "learned" | "progress">): number | null {
  const { saveMs, leaveMs, reloadMs, stepsRedone } = learned;
  if (saveMs === undefined && reloadMs === undefined) return null;
  return of(saveMs) + of(leaveMs) + of(reloadMs) + of(stepsRedone) * (progress?.stepMs ?? 0);
}

/** What is typical of a driver that nobody has measured here, in ms for each GiB: out and back. */
const UNKNOWN_MS_PER_GIB = 1250;

/** Moving its VRAM out and back, in ms: as learned, else as reported of others. */
export function parkCostMs({ learned }: Pick<Job, "learned">): number {
  const { parkMsPerGiB, restoreMsPerGiB } = learned;
  const vram = gpuMemoryOf(learned);
  const gib = vram === undefined ? 0 : typical(vram) / 1024;
  const told = parkMsPerGiB !== undefined || restoreMsPerGiB !== undefined;
  return gib * (told ? of(parkMsPerGiB) + of(restoreMsPerGiB) : UNKNOWN_MS_PER_GIB);
}

const of = (figure: Figure | undefined): number => (figure === undefined ? 0 : typical(figure));
