/**
 * What the environment says about this run, read once at import. Must never throw: a job started by hand,
 * with half an environment or with nonsense in it, still has to train.
 */
import { constants } from "node:os";
import { resolve } from "node:path";
import { ENV } from "../contract/names.ts";
import { complain } from "./report/complain.ts";
import { claimSpeaker } from "./report/speaker.ts";

export interface Surroundings {
  job: string;
  runId: string;
  statusDir: string;
  checkpointDir: string;
  /** The newest checkpoint that the supervisor has verified; null on a first run. */
  resumeFrom: string | null;
  pauseSignal: NodeJS.Signals;
  /** Milliseconds between the library's own checkpoints; Infinity switches them off. */
  checkpointEveryMs: number;
  /** How many of the newest checkpoints stay. */
  keep: number;
  rank: number;
  worldSize: number;
}

const DEFAULT_CHECKPOINT_MINUTES = 30;
const DEFAULT_KEEP = 3;

/** The environment of a supervised run; null if there is no supervisor, or another process reports. */
export function readSurroundings(env: NodeJS.ProcessEnv): Surroundings | null {
  const statusDir = env[ENV.statusDir];
  const checkpointDir = env[ENV.checkpointDir];
  const resumeFrom = env[ENV.resumeFrom];
  if (!statusDir && !checkpointDir) return null;
  if (!statusDir || !checkpointDir) {
    const missing = statusDir ? ENV.checkpointDir : ENV.statusDir;
    complain(`${missing} is not set, so this run can't be paused; it trains on`);
    return null;
  }
  const pauseSignal = signalNamed(env[ENV.pauseSignal]);
  if (!claimSpeaker(env)) {
    ignore(pauseSignal);
    return null;
  }
  return {
    job: env[ENV.job] || "job",
    runId: env[ENV.runId] || `by-hand-${process.pid}`,
    statusDir: absolute(statusDir),
    checkpointDir: absolute(checkpointDir),
    resumeFrom: resumeFrom ? absolute(resumeFrom) : null,
    pauseSignal,
    checkpointEveryMs: everyMs(env[ENV.checkpointMinutes]),
    keep: Math.max(1, wholeNumber(env[ENV.checkpointKeep], DEFAULT_KEEP)),
    rank: wholeNumber(env.RANK, 0),
    worldSize: Math.max(1, wholeNumber(env.WORLD_SIZE, 1)),
  };
}

/** Resolved now, since programs change their directory. */
function absolute(path: string): string {
  try {
    return resolve(path);
  } catch {
    return path; // The directory that we are in has been removed.
  }
}

/** For processes that don't report: a signal to the whole group must not end them. */
function ignore(signal: NodeJS.Signals): void {
  try {
    process.on(signal, () => {});
  } catch {
    // A worker thread, or a system without this signal.
  }
}

function signalNamed(name: string | undefined): NodeJS.Signals {
  const catchable =
    name !== undefined && name in constants.signals && name !== "SIGKILL" && name !== "SIGSTOP";
  return catchable ? (name as NodeJS.Signals) : "SIGUSR2";
}

function everyMs(minutes: string | undefined): number {
  const value = minutes ? Number(minutes) : DEFAULT_CHECKPOINT_MINUTES;
  if (value === 0) return Number.POSITIVE_INFINITY;
  return (Number.isFinite(value) && value > 0 ? value : DEFAULT_CHECKPOINT_MINUTES) * 60_000;
}

function wholeNumber(text: string | undefined, otherwise: number): number {
  const value = text ? Number(text) : otherwise;
  return Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}
