/** How long each job has held how many GPUs, summed over the ticks since the metrics were switched on. */
import type { Job } from "../model/job.ts";
import { isReleased, runOf } from "../model/state.ts";
import type { Now } from "../model/time.ts";

export class GpuTime {
  readonly #seconds = new Map<string, number>();
  #lastMs: number | null = null;

  /** Once per tick. A job that is paused within its run holds its GPUs on, unless it has given up its memory there. */
  note(jobs: Readonly<Record<string, Job>>, { monotonicMs }: Now): void {
    const seconds = this.#lastMs === null ? 0 : (monotonicMs - this.#lastMs) / 1000;
    this.#lastMs = monotonicMs;
    for (const job of Object.values(jobs)) {
      const gpus = isReleased(job.state) ? 0 : (runOf(job)?.gpus.length ?? 0);
      if (gpus > 0) this.#seconds.set(job.name, this.of(job.name) + gpus * seconds);
    }
    for (const name of this.#seconds.keys()) if (!(name in jobs)) this.#seconds.delete(name);
  }

  of(job: string): number {
    return this.#seconds.get(job) ?? 0;
  }
}
