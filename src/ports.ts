/**
 * What `supervisor.ts` needs from the world, as interfaces: a clock, sensors, runs, a journal.
 * The real ones live in sense/, act/ and record/; tests bring faulty ones.
 */
import type { JobSpec } from "./config/job-schema.ts";
import type { AuditEvent, Effect, Job, NewEvent, Now, Run, RunUse, Sample, Seen } from "./model.ts";

export type SupervisedJob = Job<JobSpec>;

export interface Clock {
  now(): Now;
}

/** What sensing needs to know of a live run, to tell its use from others'. */
export interface LiveRun {
  id: string;
  job: string;
  /** The parent that records the exit, and the job's first process; null until known. */
  launcherPid: number | null;
  pid: number | null;
  /** Directory of the run's own cgroup for CPU accounting, or null where none could be made. */
  cpuCgroup: string | null;
  /** UUIDs of the GPUs that it was placed on; empty or left out: it may be on any. */
  gpus?: string[];
}

/** What is to be told to other supervisors of one of our jobs. */
export interface OwnClaim {
  job: string;
  gpus: string[];
  holds: boolean;
  sinceMs: number;
  readyMs: number | null;
  asks?: { gpu: string; forMs: number };
  /** The run that holds. */
  run?: Run;
}

export interface Claims {
  /** Makes what others can read the same as `claims`. Never throws; does nothing when nothing has changed. */
  publish(claims: OwnClaim[]): void;
  /** Why others can't be told, or null. */
  readonly problem: string | null;
}

export interface Sensors {
  /** Never throws and never waits: what can't be read is `unavailable` with its reason. */
  sample(runs: LiveRun[], now: Now): Sample;
  /**
   * The fast guard: calls `suspect` at most once between samples, as soon as CPU use of others
   * seems to be above `othersAbovePercent`; null turns it off.
   */
  guard(othersAbovePercent: number | null, runs: LiveRun[], suspect: () => void): void;
  close(): void;
}

/** `taken`: of a launch whose GPU another supervisor has taken at the same moment. */
export interface EffectFailed {
  ok: false;
  reason: string;
  taken?: true;
}

/** The processes of this supervisor's jobs. The only way to touch a process. */
export interface Runs {
  /** Never throws; cheap enough for every tick. */
  observe(job: SupervisedJob, run: Run): Seen;
  live(run: Run, job: string): LiveRun;
  /**
   * Performs one effect. Resolves when it is done or has failed; what came of it is seen by
   * `observe` at the next tick. A failure is a value, never an exception.
   */
  perform(effect: Effect, job: SupervisedJob): Promise<{ ok: true } | EffectFailed>;
  /**
   * The job's checkpoints with the verdicts of the full check, for a job without a run too. Cheap
   * when nothing has changed. What `verify` effects found shows here: `verified: "full"`, or rejected.
   */
  checkpoints(job: SupervisedJob): Pick<Seen, "checkpoints" | "rejected">;
  /** Room on the disk that the job's newest checkpoint lies on; null where that isn't known. Never throws, never waits. */
  freeMiB(job: SupervisedJob): number | null;
  /** Called soon after something about a run has changed (exit, status); only wakes the loop. */
  onChange(wake: () => void): void;
  /** Stops watching; jobs go on. */
  close(): Promise<void>;
}

/** How a run ended, for the table of runs. */
export interface RunEnd {
  at: Now;
  code: number | null;
  signal: string | null;
  how: string;
  step: number | null;
}

/** What events have changed: written with them in one transaction, so that no crash comes between. */
export interface Change {
  jobs: SupervisedJob[];
  started?: { job: string; run: Run };
  ended?: { run: Run; end: RunEnd };
  /** When it can't be written now, it must not be written later either: what it announces won't be done. */
  orNothing?: true;
}

export interface Journal {
  /** Why nothing can be written now, as a sentence for people; null when all is well. */
  readonly problem: string | null;
  /** Appends in one transaction. `ok: false` (disk full, locked): kept in memory and retried first next time. */
  append(
    events: NewEvent[],
    now: Now,
    change?: Change,
  ): { ok: true; events: AuditEvent[] } | { ok: false; reason: string };
  /** Upserts what is needed to go on after a crash. */
  saveJob(job: SupervisedJob): { ok: true } | { ok: false; reason: string };
  loadJobs(): SupervisedJob[];
  startRun(job: string, run: Run): void;
  endRun(run: Run, end: RunEnd): void;
  addSample(sample: Sample): void;
  /** Newest last. */
  tail(count: number): AuditEvent[];
  close(): void;
}

export type { RunUse };
