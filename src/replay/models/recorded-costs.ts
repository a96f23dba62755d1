/**
 * What pausing and loading took, as recorded: that of the one that began nearest in time, else what was learned
 * of the job, else an assumption that is told as one. Durations in ms.
 */
import { type Figure, typical } from "../../model/figure.ts";
import type { Job } from "../../model/job.ts";
import type { PastEvent } from "../history/history.ts";

/** Of a job that was never seen to save or to load. */
export const ASSUMED_MS = 15_000;

export interface PauseCost {
  /** From the request to the checkpoint, and from there to the end of its processes. */
  saveMs: number;
  leaveMs: number;
}

interface At<T> {
  /** When it began: by its end, a long one would be nearer to the next than to itself. */
  atMs: number;
  cost: T;
}

export class RecordedCosts {
  readonly #pauses: At<PauseCost>[] = [];
  readonly #loads: At<number>[] = [];
  readonly #checks: At<number>[] = [];
  readonly #learned: Job["learned"] | null;

  /** `events`: of this job alone, oldest first. */
  constructor(job: Job | null, events: readonly PastEvent[]) {
    this.#learned = job?.learned ?? null;
    let requestedMs: number | null = null;
    let resumedMs: number | null = null;
    let pausedMs: number | null = null;
    for (const { kind, atMs, outcome } of events) {
      if (kind === "pause.requested") requestedMs = atMs;
      if (kind === "pause.completed") {
        // A pause is over some looks after the driver lists nothing more; a replay looks by itself.
        const gone = numberOf(outcome?.vramFreeAfterMs) ?? numberOf(outcome?.goneAfterMs);
        const saved = numberOf(outcome?.signalToCheckpointMs);
        if (gone !== null) this.#pauses.push({ atMs: requestedMs ?? atMs - gone, cost: split(gone, saved) });
        requestedMs = null;
        pausedMs = atMs;
      }
      const isWhole = kind === "checkpoint.verified" && outcome?.verified === "full";
      if (isWhole && pausedMs !== null) this.#checks.push({ atMs: pausedMs, cost: atMs - pausedMs });
      if (isWhole) pausedMs = null;
      if (kind === "resume.requested") resumedMs = atMs;
      const load = kind === "resume.completed" ? numberOf(outcome?.reloadMs) : null;
      // What waited in a queue was asked for long before it began to load.
      if (load !== null) this.#loads.push({ atMs: resumedMs ?? atMs - load, cost: load });
      if (load !== null) resumedMs = null;
    }
  }

  /** Nothing was ever recorded of what it costs to pause and load this job. */
  get areAssumed(): boolean {
    const learned = this.#learned;
    return (
      (this.#pauses.length === 0 && learned?.saveMs == null) ||
      (this.#loads.length === 0 && learned?.reloadMs == null)
    );
  }

  pauseAt(wallMs: number): PauseCost {
    return nearest(this.#pauses, wallMs) ?? { saveMs: learnedMs(this.#learned?.saveMs), leaveMs: 0 };
  }

  /** From the launch to the first new step. */
  loadAt(wallMs: number): number {
    return nearest(this.#loads, wallMs) ?? learnedMs(this.#learned?.reloadMs);
  }

  /** From the pause to the end of the full check of its checkpoint; 0 where that was never seen. */
  checkAt(wallMs: number): number {
    return nearest(this.#checks, wallMs) ?? 0;
  }
}

const learnedMs = (figure: Figure | undefined): number =>
  figure === undefined ? ASSUMED_MS : typical(figure);

const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

const split = (goneMs: number, savedMs: number | null): PauseCost => {
  const saveMs = Math.min(goneMs, savedMs ?? goneMs);
  return { saveMs, leaveMs: goneMs - saveMs };
};

function nearest<T>(all: readonly At<T>[], wallMs: number): T | undefined {
  let best: At<T> | undefined;
  for (const one of all)
    if (best === undefined || Math.abs(one.atMs - wallMs) < Math.abs(best.atMs - wallMs)) best = one;
  return best?.cost;
}
