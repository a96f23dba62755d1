/** The processes of all jobs of one replay, as the tick sees and moves them: models instead of programs. */
import type { Effect } from "../../model/effect.ts";
import type { Job } from "../../model/job.ts";
import type { Run } from "../../model/run.ts";
import type { Now } from "../../model/time.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { EffectResult, Runs } from "../../ports/runs.ts";
import type { ModelJob } from "./model-job.ts";

/** Far beyond what a machine gives, so that no recorded process has it. */
const FIRST_PID = 1 << 24;

const DONE: Promise<EffectResult> = Promise.resolve({ ok: true });

export class ModelRuns implements Runs {
  /** Effects since it was last set to 0: their queue has to be let run before the next tick. */
  performed = 0;
  readonly #models: ReadonlyMap<string, ModelJob>;
  #pids = FIRST_PID;
  /** Of the recorded machine, in ticks since its boot. */
  #ticks = 0;

  constructor(models: ReadonlyMap<string, ModelJob>) {
    this.#models = models;
  }

  /** Lets the time until `now` pass. `bootMs`: what the recorded machine's monotonic clock shows then. */
  advance(jobs: Readonly<Record<string, Job>>, now: Now, bootMs: number): void {
    this.#ticks = Math.floor(bootMs / 10);
    for (const [name, model] of this.#models) {
      const job = jobs[name];
      if (job !== undefined) model.advance(job, now);
    }
  }

  /** A run that was at work when the replay begins. */
  adopt(job: string, run: Run): void {
    const pid = this.#pid();
    this.#models.get(job)?.launch(run, null, { pid, began: this.#ticks, loaded: true });
  }

  observe(job: Job, run: Run) {
    return this.#model(job.name).look(job, run);
  }

  live(run: Run, job: string): LiveRun {
    return { id: run.id, job, launcherPid: null, pid: run.pid, cpuCgroup: null, gpus: run.gpus };
  }

  checkpoints(job: Job) {
    return { checkpoints: this.#model(job.name).checkpoints, rejected: [] };
  }

  /** Nothing recorded tells what listened where. */
  service(): undefined {}

  foreignCheckpoints(): null {
    return null;
  }

  freeMiB(): null {
    return null;
  }

  onChange(): void {}

  async close(): Promise<void> {}

  perform(effect: Effect): Promise<EffectResult> {
    this.performed += 1;
    const model = this.#model(effect.job);
    switch (effect.do) {
      case "launch":
        model.launch(effect.run, effect.resumeFrom, { pid: this.#pid(), began: this.#ticks });
        break;
      case "control":
        model.control(effect.want, effect.sequence);
        break;
      case "ring":
        model.ring();
        break;
      case "freeze":
        model.freeze();
        break;
      case "thaw":
        model.thaw();
        break;
      case "drive":
        model.drive(effect.call, effect.number);
        break;
      case "terminate":
        model.end("SIGTERM");
        break;
      case "kill":
        model.end("SIGKILL");
        break;
      case "verify":
        model.verify(effect.checkpoint.path);
    }
    return DONE;
  }

  /** A number for each process of the run. */
  #pid(): number {
    this.#pids += 1024;
    return this.#pids;
  }

  #model(job: string): ModelJob {
    const model = this.#models.get(job);
    if (model === undefined) throw new Error(`replay has no model of the job '${job}'`);
    return model;
  }
}
