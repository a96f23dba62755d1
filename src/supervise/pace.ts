/** How fast each job steps: the slope over about the last minute. Forgets runs that have ended. */

import type { Job } from "../model/job.ts";
import { runOf } from "../model/state.ts";

const SPAN_MS = 60_000;

export class Pace {
  readonly #marks = new Map<string, { runId: string; points: { step: number; atMs: number }[] }>();

  /** Call once per tick for each job. */
  note(job: Job): void {
    const run = runOf(job);
    if (!run) {
      this.#marks.delete(job.name);
      return;
    }
    const step = job.progress?.step ?? null;
    if (step === null) return;
    let mark = this.#marks.get(job.name);
    if (mark?.runId !== run.id) {
      mark = { runId: run.id, points: [] };
      this.#marks.set(job.name, mark);
    }
    const { points } = mark;
    const atMs = job.progress?.advancedAtMs ?? 0;
    if (points.at(-1)?.step === step) return;
    points.push({ step, atMs });
    while (points.length > 2 && atMs - (points[0]?.atMs ?? 0) > SPAN_MS) points.shift();
  }

  /** Steps per second; null until two different steps were observed. */
  of(job: Job): number | null {
    const points = this.#marks.get(job.name)?.points ?? [];
    const first = points[0];
    const last = points.at(-1);
    if (!first || !last || last.atMs <= first.atMs) return null;
    return ((last.step - first.step) * 1000) / (last.atMs - first.atMs);
  }
}
