/**
 * The processes of the jobs, as the tick sees and moves them: what it sees, and what it has done, are two
 * interfaces. The real one is in runs/; tests bring faulty ones.
 */
import type { Effect } from "../model/effect.ts";
import type { Job } from "../model/job.ts";
import type { Run, Stock } from "../model/run.ts";
import type { Seen } from "../model/seen.ts";
import type { ServiceSeen } from "../model/server.ts";
import type { LiveRun } from "./live-run.ts";

/** What came of an effect. A failure is a value, with half a sentence for people. */
export type EffectResult = { ok: true } | EffectFailure;

export interface EffectFailure {
  ok: false;
  reason: string;
  /** A launch whose GPU another supervisor took at the same moment. */
  taken?: true;
  /** A launch that failed by what the supervisor itself lacks, which says nothing of the job. */
  unready?: true;
}

export interface RunsSeen {
  /** Never throws; cheap enough for every tick. */
  observe(job: Job, run: Run): Seen;
  live(run: Run, job: string): LiveRun;
  /**
   * The job's checkpoints with the verdicts of the full check, for a job without a run too. Cheap
   * when nothing has changed; "anew": each is read again. The results of `verify` effects show here: `verified: "full"`,
   * or rejected.
   */
  checkpoints(job: Job, look?: "anew"): Stock;
  /** What is at the address of a service that isn't followed; undefined before the first look. Never throws, never waits. */
  service(job: Job): ServiceSeen | undefined;
  /** Whose checkpoints a new run of the job would find, in words, if they aren't its own; else null. Never throws. */
  foreignCheckpoints(job: Job): string | null;
  /** Free space on the disk that holds the job's newest checkpoint; null when unknown. Never throws, never waits. */
  freeMiB(job: Job): number | null;
  /** Calls `wake` soon after something about a run changes (exit, status); it only wakes the loop. */
  onChange(wake: () => void): void;
}

export interface RunEffects {
  /**
   * Performs one effect. Resolves when it is done or has failed; its consequences show in
   * `observe` at the next tick. Never rejects.
   */
  perform(effect: Effect, job: Job): Promise<EffectResult>;
}

/** The only way to touch the processes of this supervisor's jobs. */
export interface Runs extends RunsSeen, RunEffects {
  /** Stops watching; jobs go on. */
  close(): Promise<void>;
}
