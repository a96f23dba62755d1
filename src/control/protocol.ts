/**
 * The protocol of the control socket: one JSON document per line, requests one way, answers and
 * snapshots the other. Versioned, since a client may be newer than the supervisor.
 */

import type { JobSpec } from "../config/schema/job-schema.ts";
import type { Rule } from "../config/schema/schema.ts";
import type { WindowState } from "../model/decision.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Balance, Force, Manual, Progress } from "../model/job.ts";
import type { LearnedSummary } from "../model/learned.ts";
import type { GpuSample, MachineMetric, ProcessEvidence, Reading, RunUse } from "../model/machine.ts";
import type { Checkpoint, SlurmRun } from "../model/run.ts";
import type { PauseMethod, StateName } from "../model/state.ts";
import type { WordedWhy } from "../words/sentences/why/why.ts";

export const SCHEMA_VERSION = 1;
/** A longer line is refused and the client disconnected. */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

export type Request =
  | { verb: "snapshot" }
  /** Answers with a snapshot now and after every tick. */
  | { verb: "watch" }
  | { verb: "pause"; jobs: string[] | "all"; untilMs: number | null; by: string; force?: Force }
  /** `adopt`: from another's checkpoints, where such are found. */
  | { verb: "resume"; jobs: string[] | "all"; by: string; adopt?: boolean }
  /** From the beginning (the checkpoints so far are set aside), or from that of a step. */
  | { verb: "rerun"; jobs: string[]; by: string; from?: number }
  | { verb: "cancel"; jobs: string[]; by: string }
  /** Off the list; what they have saved stays. */
  | { verb: "remove"; jobs: string[]; by: string }
  /**
   * `adopt`: it goes on from an earlier job's checkpoints, which are set aside otherwise. `environ`: the environment of
   * the shell that it comes from, as `/proc/PID/environ` has it, in base64; without it, it gets the supervisor's.
   */
  | { verb: "add"; spec: JobSpec; by: string; adopt?: boolean; environ?: string }
  /** The settings of a job, for `edit`. */
  | { verb: "settings"; job: string }
  /** New settings of a job that was added by hand. */
  | { verb: "edit"; spec: JobSpec; by: string }
  /** Answers once the config is in force as it is in its file now. */
  | { verb: "read-config" }
  /** A turn on a GPU (index or UUID) that another user's job holds, for `job` or the first in line. */
  | { verb: "turn"; gpu: string; forMs: number; by: string; job?: string }
  /** `pauseJobs: false` leaves them running. Answers when it is done; `unrecorded`: a sentence that says what isn't. */
  | { verb: "stop"; pauseJobs: boolean; by: string };

export type Answer =
  | { id: number; ok: true; result: unknown }
  | { id: number; ok: false; error: string; code: "unknown-job" | "bad-request" | "refused" | "failed" };

/** Pushed to watchers. */
export interface Push {
  snapshot: Snapshot;
}

export interface JobView {
  name: string;
  state: StateName;
  sinceMs: number;
  priority: number;
  origin: "config" | "run";
  /** Empty of a service. */
  command: string[];
  /** Where it works; none of a service. */
  folder?: string;
  /** Of a service: its address. */
  service?: string;
  run: number | null;
  runId: string | null;
  pid: number | null;
  /** Where its run stands on a Slurm cluster; null for one of this machine. */
  slurm: SlurmRun | null;
  /** Indices of the GPUs that its run was placed on. */
  gpus: number[];
  /** Its first new step in this run was seen; of a program that doesn't report, never. */
  stepped: boolean;
  /** The step of the checkpoint that its run began from, 0 where it began at the beginning; null without a run, or unknown. */
  resumedAtStep: number | null;
  method: PauseMethod | "auto";
  progress: Progress | null;
  checkpoint: Checkpoint | null;
  /** Work that the end of its run would lose; absent from supervisors that don't tell. */
  unsavedMs?: number;
  use: RunUse | null;
  /** Steps per second over the last minute; null until known. */
  stepsPerSecond: number | null;
  pausedBy: string | null;
  overdue: string | null;
  stalledSinceMs: number | null;
  manual: Manual | null;
  learned: LearnedSummary;
  balance: Balance;
  why: WordedWhy;
  logPath: string | null;
  /** How its last run ended; null while that isn't known, or no exit. */
  exitCode: number | null;
}

export interface RuleView {
  rule: Rule;
  gpu: string | null;
  firm: "pressure" | "clear";
  sinceMs: number;
  lastValue: number | null;
  unavailable: string | null;
  /** It was never there. */
  blind?: true;
}

/** All a client needs to draw; made once per tick, and only while a client watches. */
export interface Snapshot {
  schemaVersion: number;
  atMs: number;
  supervisor: {
    pid: number;
    version: string;
    startedAtMs: number;
    host: string;
    configFile: string | null;
    database: string;
    pollSeconds: number;
    stopping: boolean;
    /** Problems that the user should know now: a rejected config, a journal that can't write, … */
    warnings: string[];
  };
  machine: Record<MachineMetric, Reading>;
  gpus: GpuSample[];
  gpusUnavailable: string | null;
  foreign: ProcessEvidence[];
  rules: RuleView[];
  windows: WindowState[];
  jobs: JobView[];
  /** Newest last. */
  events: AuditEvent[];
}
