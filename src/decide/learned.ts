/** The figures learned of a job: how measurements are added to them, and what a start may be held back for. Pure. */
import { type Figure, isSure, noted, peak } from "../model/figure.ts";
import { isWanted, type Job } from "../model/job.ts";
import type { Learned } from "../model/learned.ts";
import type { Now } from "../model/time.ts";

/** A figure that rests on too little holds a start back no longer: nothing corrects it while the job waits. */
const UNSURE_FOR_MS = 600_000;

type Single = Exclude<keyof Learned, "gpuMemoryMiB">;

/** Adds one measurement to each of the named figures; null: it wasn't measured. */
export function measured(learned: Learned, values: Partial<Record<Single, number | null>>): Learned {
  const next: Learned = { ...learned };
  for (const [name, value] of Object.entries(values) as [Single, number | null][]) {
    const figure = value === null ? undefined : noted(learned[name], value);
    if (figure !== undefined) next[name] = figure;
  }
  return next;
}

export interface Need {
  figure: Figure;
  /** What must be there for it. */
  value: number;
  /** Wall time from which it no longer counts, of a figure that isn't sure. */
  untilMs?: number;
}

/**
 * What a job that is to start must be expected to need. Null where it was never measured, where a person
 * wants it to start all the same, or where a figure that isn't sure has held it back for long enough.
 */
export function needOf(figure: Figure | undefined, job: Job, now: Now): Need | null {
  if (figure === undefined || isWanted(job)) return null;
  const need = { figure, value: peak(figure) };
  if (isSure(figure)) return need;
  const left = job.state.since.monotonicMs + UNSURE_FOR_MS - now.monotonicMs;
  return left <= 0 ? null : { ...need, untilMs: now.wallMs + left };
}

/** The largest of what it held on each GPU of its last run. */
export function gpuMemoryOf({ gpuMemoryMiB = {} }: Learned): Figure | undefined {
  let largest: Figure | undefined;
  for (const figure of Object.values(gpuMemoryMiB))
    if (largest === undefined || peak(figure) > peak(largest)) largest = figure;
  return largest;
}
