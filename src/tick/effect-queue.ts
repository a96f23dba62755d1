/**
 * Effects under way: a queue for each job, jobs side by side. No tick waits for them; the next tick
 * takes over the launches that failed.
 */
import type { Effect } from "../model/effect.ts";
import type { Job } from "../model/job.ts";
import type { EffectFailure, RunEffects } from "../ports/runs.ts";

export type LaunchFailure = Omit<EffectFailure, "ok"> & { job: string };

export class EffectQueue {
  readonly #runs: RunEffects;
  readonly #wake: () => void;
  readonly #pending = new Map<string, Promise<void>>();
  readonly #launching = new Set<string>();
  readonly #problems = new Map<string, string>();
  #launchFailures: LaunchFailure[] = [];

  constructor(runs: RunEffects, wake: () => void) {
    this.#runs = runs;
    this.#wake = wake;
  }

  /** What a person should know now, by job. */
  get problems(): string[] {
    return [...this.#problems.values()];
  }

  /**
   * Whether the run's launch is under way, perhaps queued behind another effect of its job. Until then
   * nothing of the run exists, which must not be taken for its end.
   */
  isLaunching(runId: string): boolean {
    return this.#launching.has(runId);
  }

  /** Launches that failed since the last call. */
  takeLaunchFailures(): LaunchFailure[] {
    return this.#launchFailures.splice(0);
  }

  /** Queues the effect behind those of the same job: a ring never overtakes the word that it announces. */
  perform(effect: Effect, job: Job): void {
    const before = this.#pending.get(job.name);
    if (effect.do === "launch") this.#launching.add(effect.run.id);
    const act = (): Promise<void> => this.#act(effect, job);
    // With an empty queue it starts now, inside the tick: a pause must not wait for the event loop.
    const pending = (before ? before.then(act) : act()).finally(() => {
      if (this.#pending.get(job.name) === pending) this.#pending.delete(job.name);
    });
    this.#pending.set(job.name, pending);
  }

  /** Resolves when the effects under way have ended. */
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
    const { ok: _, ...failure } = result;
    if (effect.do === "launch") this.#launchFailures.push({ job: job.name, ...failure });
    else this.#problems.set(job.name, `${job.name}: ${failure.reason}`);
    this.#wake();
  }
}
