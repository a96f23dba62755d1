/**
 * Takes jobs from state to state: a step, its record, then its effects, always in this order. Holds the
 * world between the steps. Decides nothing; whatever it looks at comes through a port.
 */
import { type Input, step } from "../decide/lifecycle/step.ts";
import { gpusNamed } from "../decide/sharing/choose-gpus.ts";
import { gpuView } from "../decide/sharing/gpu-view.ts";
import { newWorld, type World } from "../decide/world.ts";
import type { Decision } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import { isOnSlurm, type Job } from "../model/job.ts";
import type { MachineMetric, Sample } from "../model/machine.ts";
import type { Run } from "../model/run.ts";
import type { Seen } from "../model/seen.ts";
import { runOf } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import type { LiveRun } from "../ports/live-run.ts";
import type { Runs } from "../ports/runs.ts";
import { earlierCheckpoints } from "./earlier-checkpoints.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { Persistence } from "./when-saved.ts";

export interface StepParts {
  runs: Runs;
  persistence: Persistence;
  effects: EffectQueue;
  /** Ids of this boot and of each new run; passed in, since deciding uses no randomness. */
  identity: { bootId: string; newRunId(): string };
}

export class Steps {
  world: World;
  readonly #parts: StepParts;

  constructor(parts: StepParts, jobs: Record<string, Job>) {
    this.#parts = parts;
    this.world = newWorld(jobs);
  }

  /** Shows each job what is to be seen of it now. `sample`: the last one, null before the first. */
  observe(sample: Sample | null, now: Now): void {
    const { effects, runs } = this.#parts;
    for (const { job, ...why } of effects.takeLaunchFailures()) {
      const known = this.world.jobs[job];
      if (known?.state.name === "starting") this.take(known, { kind: "launch-failed", ...why }, now);
    }
    const availableMiB = sample && reading(sample, "memory.availableMiB");
    for (const job of Object.values(this.world.jobs)) {
      const run = runOf(job);
      if (run && effects.isLaunching(run.id)) continue;
      if (run) {
        const seen = runs.observe(job, run);
        const placed = run.service && sample ? gpusNamed(job, sample) : run.gpus;
        const gpus = sample && gpuView({ ...run, gpus: placed }, sample);
        const input = { kind: "seen", seen, availableMiB, gpus, ...(run.service && { placed }) } as const;
        this.take(job, input, now, { seen });
      } else if (job.state.name === "absent") {
        if (sample !== null) this.#lookFor(job, sample, now);
      } else if (job.state.name === "paused" && job.checkpoint?.verified === "quick") {
        this.take(job, { kind: "checked", ...runs.checkpoints(job) }, now);
      }
    }
  }

  #lookFor(job: Job, sample: Sample, now: Now): void {
    const seen = this.#parts.runs.service(job);
    if (seen === undefined) return;
    const { identity } = this.#parts;
    const followed = { id: identity.newRunId(), bootId: identity.bootId };
    const gpus = gpusNamed(job, sample);
    this.take(job, { kind: "looked-for", seen, identity: followed, gpus }, now);
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

  perform(effect: Effect): void {
    const job = this.world.jobs[effect.job];
    if (job) this.#parts.effects.perform(effect, job);
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

function reading({ machine }: Sample, metric: MachineMetric): number | null {
  const found = machine[metric];
  return found && "value" in found ? found.value : null;
}
