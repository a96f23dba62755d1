/**
 * Takes jobs from state to state: a step, its record, then its effects, always in this order. Effects of one
 * job wait for each other, those of several don't, and no tick waits for any. Holds the world between the
 * steps. Decides nothing; whatever it looks at comes through a port.
 */
import { type Input, step } from "../decide/lifecycle/step.ts";
import { newWorld, type World } from "../decide/world.ts";
import type { Decision } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import { isOnSlurm, type Job } from "../model/job.ts";
import type { Run } from "../model/run.ts";
import type { Seen } from "../model/seen.ts";
import { runOf } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import type { LiveRun } from "../ports/live-run.ts";
import type { EffectFailure, Runs } from "../ports/runs.ts";
import { earlierCheckpoints, unreadBeside } from "./earlier-checkpoints.ts";
import type { Persistence } from "./save-jobs.ts";

export type LaunchFailure = Omit<EffectFailure, "ok"> & { job: string };

export interface StepParts {
  runs: Runs;
  persistence: Persistence;
  /** Called when an effect has failed. */
  wake: () => void;
  /** Ids of this boot and of each new run; passed in, since deciding uses no randomness. */
  identity: { bootId: string; newRunId(): string };
}

export class Steps {
  world: World;
  readonly #parts: StepParts;
  /** The last effect under way, by job. */
  readonly #pending = new Map<string, Promise<void>>();
  /** Ids of the runs whose launch is under way, perhaps queued behind another effect of their job. */
  readonly #launching = new Set<string>();
  readonly #problems = new Map<string, string>();
  #launchFailures: LaunchFailure[] = [];

  constructor(parts: StepParts, jobs: Record<string, Job>) {
    this.#parts = parts;
    this.world = newWorld(jobs);
  }

  carryOut(decision: Decision, now: Now): void {
    if (decision.verb === "notify") return;
    const { runs, identity } = this.#parts;
    const job = this.world.jobs[decision.job];
    if (!job) throw new Error(`decision for an unknown job '${decision.job}'`);
    if (decision.verb === "pause") {
      this.take(job, { kind: "pause", decision, diskFreeMiB: runs.freeMiB(job) }, now);
      return;
    }
    const earlier = earlierCheckpoints(job, runs);
    if (earlier !== null) {
      this.take(job, earlier, now);
      return;
    }
    const looked = this.#lookBeforeLaunch(job, now);
    if (looked.checkpoint?.path !== job.checkpoint?.path) return;
    const unread = unreadBeside(looked, runs);
    if (unread !== null) {
      this.take(looked, { kind: "unread", path: unread }, now);
      return;
    }
    const { checkpoint: resumeFrom } = looked;
    const run = { bootId: identity.bootId, id: identity.newRunId() };
    const launch = { kind: "launch", decision, identity: run, resumeFrom, gpus: decision.gpus } as const;
    // After a crash, an unrecorded start would be an unaccounted process.
    this.take(looked, launch, now, { orNothing: true });
  }

  /** Records the result of a step, then performs its effects. `orNothing`: not at all when it can't be recorded now. */
  take(before: Job, input: Input, now: Now, how: { seen?: Seen; orNothing?: true } = {}): void {
    const next = step(before, input, now);
    const job = this.#parts.persistence.recordStep(before, next, now, how);
    if (job === null) return;
    this.replace(job);
    for (const effect of next.effects) this.perform(effect);
  }

  /** Never mutates the current world: a published moment still shows it. */
  replace(job: Job): void {
    if (this.world.jobs[job.name] === job) return;
    this.world = { ...this.world, jobs: { ...this.world.jobs, [job.name]: job } };
  }

  /** Queues the effect behind those of the same job: a ring never overtakes the word that it announces. */
  perform(effect: Effect): void {
    const job = this.world.jobs[effect.job];
    if (!job) return;
    const before = this.#pending.get(job.name);
    if (effect.do === "launch") this.#launching.add(effect.run.id);
    const act = (): Promise<void> => this.#act(effect, job);
    // With an empty queue it starts now, inside the tick: a pause must not wait for the event loop.
    const pending = (before ? before.then(act) : act()).finally(() => {
      if (this.#pending.get(job.name) === pending) this.#pending.delete(job.name);
    });
    this.#pending.set(job.name, pending);
  }

  async #act(effect: Effect, job: Job): Promise<void> {
    const result = await this.#parts.runs.perform(effect, job);
    if (effect.do === "launch") this.#launching.delete(effect.run.id);
    if (result.ok) {
      this.#problems.delete(job.name);
      return;
    }
    const { ok: _, ...failure } = result;
    if (effect.do === "launch") this.#launchFailures.push({ job: job.name, ...failure });
    else this.#problems.set(job.name, `${job.name}: ${failure.reason}`);
    this.#parts.wake();
  }

  /** Until a run is launched, nothing of it exists, which must not be taken for its end. */
  isLaunching(runId: string): boolean {
    return this.#launching.has(runId);
  }

  /** Launches that failed since the last call. */
  takeLaunchFailures(): LaunchFailure[] {
    return this.#launchFailures.splice(0);
  }

  /** Effects that failed, in words; until one of the same job succeeds. */
  get problems(): string[] {
    return [...this.#problems.values()];
  }

  /** Resolves when the effects under way have ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#pending.values());
  }

  /** Shows a job without a run which checkpoints are there now. */
  look(job: Job, now: Now): Job {
    this.take(job, { kind: "checked", ...this.#parts.runs.checkpoints(job) }, now);
    return this.world.jobs[job.name] ?? job;
  }

  live(): LiveRun[] {
    return Object.values(this.world.jobs).flatMap((job) => {
      const run: Run | null = runOf(job);
      if (run === null) return [];
      const noGpu = (isOnSlurm(job) || job.spec.gpus === 0) && { noGpu: true as const };
      return [{ ...this.#parts.runs.live(run, job.name), ...noGpu }];
    });
  }

  /**
   * Files may have come, gone or been rejected since its last run. Where it would go on from another
   * checkpoint than the decision says, the next tick decides anew.
   */
  #lookBeforeLaunch(job: Job, now: Now): Job {
    if (runOf(job) || job.earlier === "set aside") return job;
    if (job.runs === 0 && job.spec.checkpoint.glob === undefined) return job;
    return this.look(job, now);
  }
}
