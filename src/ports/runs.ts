/** The processes of the jobs, as the tick sees and moves them; the real one is in runs/, tests bring faulty ones. */
import type { Effect } from "../model/effect.ts";
import type { Job } from "../model/job.ts";
import type { Run } from "../model/run.ts";
import type { Seen } from "../model/seen.ts";
import type { LiveRun } from "./live-run.ts";

/** `taken`: of a launch whose GPU another supervisor has taken at the same moment. */
export interface EffectFailed {
  ok: false;
  reason: string;
  taken?: true;
}

/** The processes of this supervisor's jobs. The only way to touch a process. */
export interface Runs {
  /** Never throws; cheap enough for every tick. */
  observe(job: Job, run: Run): Seen;
  live(run: Run, job: string): LiveRun;
  /**
   * Performs one effect. Resolves when it is done or has failed; what came of it is seen by
   * `observe` at the next tick. A failure is a value, never an exception.
   */
  perform(effect: Effect, job: Job): Promise<{ ok: true } | EffectFailed>;
  /**
   * The job's checkpoints with the verdicts of the full check, for a job without a run too. Cheap
   * when nothing has changed. What `verify` effects found shows here: `verified: "full"`, or rejected.
   */
  checkpoints(job: Job): Pick<Seen, "checkpoints" | "rejected">;
  /** Room on the disk that the job's newest checkpoint lies on; null where that isn't known. Never throws, never waits. */
  freeMiB(job: Job): number | null;
  /** Called soon after something about a run has changed (exit, status); only wakes the loop. */
  onChange(wake: () => void): void;
  /** Stops watching; jobs go on. */
  close(): Promise<void>;
}
