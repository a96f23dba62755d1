/**
 * What the environment says about this run, read once at import. Decides whether this process
 * speaks for the job at all. Must never throw: a job started by hand, with half an environment
 * or with nonsense in it, still has to train.
 */

import { constants } from "node:os";
import { isMainThread } from "node:worker_threads";
import { ENV } from "../contract.ts";
import { complain } from "./complain.ts";

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
  /** How many newest checkpoints stay. */
  keep: number;
  rank: number;
  worldSize: number;
}

const DEFAULT_CHECKPOINT_MINUTES = 30;
const DEFAULT_KEEP = 3;

/**
 * Set by the process that speaks for the job and inherited by its children, so that a data-loading
 * child that imports the same library doesn't write the same status file under its own pid.
 */
const SPEAKER = "SUPERVISOR_SPEAKER";

/** The surroundings of a supervised run; null where there is no supervisor, or another process speaks. */
export function readSurroundings(env: NodeJS.ProcessEnv): Surroundings | null {
  const statusDir = env[ENV.statusDir];
  const checkpointDir = env[ENV.checkpointDir];
  if (!statusDir && !checkpointDir) return null;
  if (!statusDir || !checkpointDir) {
    const missing = statusDir ? ENV.checkpointDir : ENV.statusDir;
    complain(`${missing} is not set, so this run can't be paused; it trains on`);
    return null;
  }
  if (!claimSpeaker(env, env[ENV.runId] || "by-hand")) return null;
  return {
    job: env[ENV.job] || "job",
    runId: env[ENV.runId] || `by-hand-${process.pid}`,
    statusDir,
    checkpointDir,
    resumeFrom: env[ENV.resumeFrom] || null,
    pauseSignal: signalNamed(env[ENV.pauseSignal]),
    checkpointEveryMs: everyMs(env[ENV.checkpointMinutes]),
    keep: Math.max(1, wholeNumber(env[ENV.checkpointKeep], DEFAULT_KEEP)),
    rank: wholeNumber(env.RANK, 0),
    worldSize: Math.max(1, wholeNumber(env.WORLD_SIZE, 1)),
  };
}

/** Worker threads can't catch signals and share the pid, so they never speak either. */
function claimSpeaker(env: NodeJS.ProcessEnv, runId: string): boolean {
  if (!isMainThread) return false;
  const own = `${runId}:${process.pid}`;
  const holder = env[SPEAKER];
  // The run id is part of the mark: a supervisor started inside a job passes its environment on.
  if (holder?.startsWith(`${runId}:`) && holder !== own) return false;
  env[SPEAKER] = own;
  return true;
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
