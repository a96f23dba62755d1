/**
 * Effects under way: of one job one after the other, jobs side by side. Never waited for by a tick;
 * what came of a launch that failed is handed over at the next one.
 */
import type { Effect } from "../model/effect.ts";
import type { Job } from "../model/job.ts";
import type { Runs } from "../ports/runs.ts";

/** `taken`: another supervisor was quicker to hold the GPU. */
export interface LaunchFailure {
  job: string;
  reason: string;
  taken?: boolean;
}

export class Effects {
  readonly #runs: Runs;
  readonly #wake: () => void;
  readonly #pending = new Map<string, Promise<void>>();
  readonly #launching = new Set<string>();
  readonly #problems = new Map<string, string>();
  #launchFailures: LaunchFailure[] = [];

  constructor(runs: Runs, wake: () => void) {
    this.#runs = runs;
    this.#wake = wake;
  }

  /** What a person should know now, by job. */
  get problems(): string[] {
    return [...this.#problems.values()];
  }

  /**
   * Whether the run's launch is on its way, perhaps still behind another effect of its job. Nothing of
   * it is there yet, which must not be taken for its end.
   */
  isLaunching(runId: string): boolean {
    return this.#launching.has(runId);
  }

  /** Those since the last call. */
  takeLaunchFailures(): LaunchFailure[] {
    return this.#launchFailures.splice(0);
  }

  /** A ring never overtakes the word that it announces. */
  perform(effect: Effect, job: Job): void {
    const before = this.#pending.get(job.name);
    if (effect.do === "launch") this.#launching.add(effect.run.id);
    const act = (): Promise<void> => this.#act(effect, job);
    // Without something to wait for it starts now, inside the tick: a pause must not wait a turn.
    const pending = (before ? before.then(act) : act()).finally(() => {
      if (this.#pending.get(job.name) === pending) this.#pending.delete(job.name);
    });
    this.#pending.set(job.name, pending);
  }

  /** Resolves when those under way have ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#pending.values());
  }

  async #act(effect: Effect, job: Job): Promise<void> {
    const result = await this.#runs.perform(effect, job);
    if (effect.do === "launch") this.#launching.delete(effect.run.id);
    if (result.ok) {
      this.#problems.delete(job.name);
      return;
    }
    const { reason, taken } = result;
    if (effect.do === "launch") this.#launchFailures.push({ job: job.name, reason, ...(taken && { taken }) });
    else this.#problems.set(job.name, `${job.name}: ${reason}`);
    this.#wake();
  }
}
