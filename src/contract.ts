/**
 * The pause contract between the supervisor and a job, in one place: names of the
 * environment, of the files, their shapes and the exit code. Both sides import this; nothing
 * here does I/O. Documented for people in docs/pause-contract.md.
 */

/** EX_TEMPFAIL: "I have checkpointed; run me again later." */
export const EXIT_PAUSED = 75;

export const ENV = {
  job: "SUPERVISOR_JOB",
  runNumber: "SUPERVISOR_RUN",
  runId: "SUPERVISOR_RUN_ID",
  checkpointDir: "SUPERVISOR_CHECKPOINT_DIR",
  resumeFrom: "SUPERVISOR_RESUME_FROM",
  statusDir: "SUPERVISOR_STATUS_DIR",
  pauseSignal: "SUPERVISOR_PAUSE_SIGNAL",
  graceSeconds: "SUPERVISOR_GRACE_SECONDS",
  /** `checkpoint.everyMinutes`; libraries checkpoint by themselves this often. */
  checkpointMinutes: "SUPERVISOR_CHECKPOINT_MINUTES",
  /** `checkpoint.keep`. */
  checkpointKeep: "SUPERVISOR_CHECKPOINT_KEEP",
} as const;

export const CONTROL_FILE = "control.json";
export const MANIFEST_FILE = "manifest.json";

export const rankFile = (rank: number): string => `rank-${rank}.json`;
export const checkpointName = (step: number): string => `step-${String(step).padStart(8, "0")}`;
export const CHECKPOINT_NAME = /^step-(\d{8,})$/;
/** A checkpoint being written; swept when its writer is gone. */
export const TEMPORARY_PREFIX = ".tmp-";

/** `control.json`: the word; the signal is only the doorbell. Replaced atomically. */
export interface Control {
  sequence: number;
  want: "run" | "pause" | "standby" | "release";
}

/** What a job may report of itself. */
export const REPORTED_STATES = [
  "ready",
  "running",
  "pausing",
  "saving",
  "standby",
  "paused",
  "finished",
  "failed",
] as const;
export type ReportedState = (typeof REPORTED_STATES)[number];

/** `rank-<n>.json`, renamed into place at most once a second. */
export interface StatusFile {
  runId: string;
  pid: number;
  /** Field 22 of /proc/PID/stat; null where there is none. */
  startTime: number | null;
  rank: number;
  worldSize: number;
  host: string;
  state: ReportedState;
  /** The last control sequence this rank has seen. */
  sequence: number;
  step?: number | null;
  totalSteps?: number | null;
  epoch?: number | null;
  metrics?: Record<string, number>;
  /** Name of the newest complete checkpoint, inside the checkpoint directory. */
  checkpoint?: string | null;
  bytesSaved?: number;
  at: string;
}

/** `manifest.json`, written last into a checkpoint's directory. */
export interface Manifest {
  step: number;
  epoch?: number | null;
  createdAt: string;
  files: { path: string; bytes: number; sha256: string }[];
}
