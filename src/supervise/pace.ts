/**
 * How fast each job steps: the slope over about the last minute of one span of running. A pause, a freeze or
 * a standby ends a span: the time that a job stood still is no step's.
 */

import type { Job } from "../model/job.ts";
import { isAtWork, runOf } from "../model/state.ts";

const SPAN_MS = 60_000;

interface Span {
  runId: string;
  /** Since when it runs. */
  sinceMs: number;
  points: { step: number; atMs: number }[];
}

export class Pace {
  readonly #spans = new Map<string, Span>();

  /** Call once per tick for each job. */
  note(job: Job): void {
    const run = runOf(job);
    if (!run || !isAtWork(job.state.name)) {
      this.#spans.delete(job.name);
      return;
    }
    const { points } = this.#spanOf(job, run.id);
    const { step = null, advancedAtMs: atMs = 0 } = job.progress ?? {};
    // A step of the span before is where this one begins, but not when.
    if (step === null || atMs < job.state.since.monotonicMs) return;
    if (points.at(-1)?.step === step) return;
    points.push({ step, atMs });
    while (points.length > 2 && atMs - (points[0]?.atMs ?? 0) > SPAN_MS) points.shift();
  }

  #spanOf({ name, state }: Job, runId: string): Span {
    const sinceMs = state.since.monotonicMs;
    const known = this.#spans.get(name);
    if (known?.runId === runId && known.sinceMs === sinceMs) return known;
    const span: Span = { runId, sinceMs, points: [] };
    this.#spans.set(name, span);
    return span;
  }

  /** Steps per second; null until two different steps of this span were observed. */
  of(job: Job): number | null {
    const points = this.#spans.get(job.name)?.points ?? [];
    const first = points[0];
    const last = points.at(-1);
    if (!first || !last || last.atMs <= first.atMs) return null;
    return ((last.step - first.step) * 1000) / (last.atMs - first.atMs);
  }
}
