/** The loss of each job as the dashboard has seen it: reports hold the newest alone, and no record holds them. */
import type { JobView } from "../../control/protocol.ts";
import { measureOf } from "../job-words.ts";

export interface Loss {
  /** Wall time. */
  atMs: number;
  value: number;
}

/** Of more, every second one is forgotten: the curve stays whole and gets coarser. */
const MOST = 240;

export class Losses {
  readonly #seen = new Map<string, { step: number | null; losses: Loss[] }>();

  take(jobs: readonly JobView[], atMs: number): void {
    for (const job of jobs) {
      const measure = measureOf(job);
      if (measure === null) continue;
      const step = job.progress?.step ?? null;
      const known = this.#seen.get(job.name);
      if (known === undefined) this.#seen.set(job.name, { step, losses: [{ atMs, value: measure.value }] });
      else if (known.step !== step) {
        known.step = step;
        known.losses.push({ atMs, value: measure.value });
        if (known.losses.length > MOST) known.losses = known.losses.filter((_, at) => at % 2 === 0);
      }
    }
  }

  of(job: string): readonly Loss[] {
    return this.#seen.get(job)?.losses ?? [];
  }
}
