/** What is learned of a job by watching it, and what is said of that. */
import { type Figure, type Summary, summary } from "./figure.ts";

/**
 * What was measured of a job on this machine; absent until it was. Use is measured while it works, in periods:
 * the peak of memory, the mean of all else. Percentages are of the whole machine, or of one of its GPUs.
 */
export interface Learned {
  /** From the request to the saved checkpoint, from there until all of the run was gone; in ms. */
  saveMs?: Figure;
  leaveMs?: Figure;
  /** From the launch to the first new step, in ms. */
  reloadMs?: Figure;
  /** Steps that a pause had it make again. */
  stepsRedone?: Figure;
  /** What the driver takes to move each GiB of its VRAM out, and to bring it back; in ms. */
  parkMsPerGiB?: Figure;
  restoreMsPerGiB?: Figure;
  memoryMiB?: Figure;
  cpuPercent?: Figure;
  gpuPercent?: Figure;
  /** By the UUID of the GPU; those of its last run on GPUs. */
  gpuMemoryMiB?: Readonly<Record<string, Figure>>;
  /** Of its GPUs together, by the power that they tell while nobody else is on them. */
  joulesPerStep?: Figure;
}

/** The same for people and programs that read it. */
export type LearnedSummary = {
  [Name in keyof Learned]: Name extends "gpuMemoryMiB" ? Record<string, Summary> : Summary;
};

export function learnedSummary({ gpuMemoryMiB, ...single }: Learned): LearnedSummary {
  const each = (figures: Readonly<Record<string, Figure>>): Record<string, Summary> =>
    Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, summary(figure)]));
  return { ...each(single), ...(gpuMemoryMiB !== undefined && { gpuMemoryMiB: each(gpuMemoryMiB) }) };
}
