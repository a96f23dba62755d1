/**
 * The pause contract (docs/pause-contract.md): the names that the supervisor and a job share. This folder
 * is the contract's single source: shapes, limits and parsers, used by both sides; the Python library
 * (python/supervisor_job/_contract) must pass the same cases (test/contract/cases). Nothing here does I/O
 * or needs a package: it runs inside other people's programs.
 */

/** EX_TEMPFAIL: "I have checkpointed; run me again later." */
export const EXIT_PAUSED = 75;

/** EX_IOERR: "My checkpoint can't be read now; it may be whole." */
export const EXIT_UNREADABLE = 74;

export const ENV = {
  job: "SUPERVISOR_JOB",
  runNumber: "SUPERVISOR_RUN",
  runId: "SUPERVISOR_RUN_ID",
  checkpointDir: "SUPERVISOR_CHECKPOINT_DIR",
  resumeFrom: "SUPERVISOR_RESUME_FROM",
  statusDir: "SUPERVISOR_STATUS_DIR",
  pauseSignal: "SUPERVISOR_PAUSE_SIGNAL",
  graceSeconds: "SUPERVISOR_GRACE_SECONDS",
  /** `checkpoint.everyMinutes`; how often libraries checkpoint on their own. */
  checkpointMinutes: "SUPERVISOR_CHECKPOINT_MINUTES",
  /** `checkpoint.keep`. */
  checkpointKeep: "SUPERVISOR_CHECKPOINT_KEEP",
} as const;

export const CONTROL_FILE = "control.json";
export const MANIFEST_FILE = "manifest.json";

export const rankFile = (rank: number): string => `rank-${rank}.json`;

/** A checkpoint being written; swept when its writer is gone. */
export const TEMPORARY_PREFIX = ".tmp-";

export const checkpointName = (step: number): string => `step-${String(step).padStart(8, "0")}`;

/** The step in a checkpoint's name; null for any other name, and for a step too large for a number. */
export function stepOfName(name: string): number | null {
  const digits = /^step-(\d{8,})$/.exec(name)?.[1];
  const step = Number(digits ?? Number.NaN);
  return Number.isSafeInteger(step) ? step : null;
}
