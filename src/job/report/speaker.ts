/**
 * Decides which process reports for the job. Its mark in the environment passes to its children: data
 * loaders and programs that it starts import the same library, and must never report, save or pause
 * in its place. The Python library reads the same mark.
 */
import { isMainThread } from "node:worker_threads";
import { ENV } from "../../contract/names.ts";
import { complain } from "./complain.ts";

const MARK = "SUPERVISOR_SPEAKER";
/** In the rank's place: this process trains, so none of its descendants does, whatever rank it claims. */
const NOBODY_ELSE = "*";

/** False if another process reports. Worker threads can't catch signals and share the pid, so they never do. */
export function claimSpeaker(env: NodeJS.ProcessEnv): boolean {
  if (!isMainThread) return false;
  const holder = holderIn(env);
  // A launcher that imports the library without training starts ranks.
  if (holder && holder.pid !== process.pid && [env.RANK ?? "", NOBODY_ELSE].includes(holder.rank))
    return false;
  mark(env, env.RANK ?? "");
  return true;
}

/** For a process that trains: it is no launcher. */
export function claimForGood(env: NodeJS.ProcessEnv): void {
  if (holderIn(env)?.rank !== NOBODY_ELSE) mark(env, NOBODY_ELSE);
}

/** A process that begins to train expects to be paused: better one message too many. */
export function tellOfOtherSpeaker(env: NodeJS.ProcessEnv): void {
  const holder = holderIn(env);
  if (!holder || (holder.pid === process.pid && isMainThread)) return;
  complain(
    `process ${holder.pid} speaks for this job, so ${isMainThread ? `process ${process.pid}` : "this thread"} ` +
      "is neither checkpointed nor paused nor resumed: import the library only where the training is",
  );
}

function mark(env: NodeJS.ProcessEnv, rank: string): void {
  env[MARK] = `${runId(env)}:${process.pid}${rank && `:${rank}`}`;
}

function holderIn(env: NodeJS.ProcessEnv): { pid: number; rank: string } | null {
  const mine = `${runId(env)}:`;
  // The run id is part of the mark: a supervisor started inside a job passes its environment on.
  if (!env[MARK]?.startsWith(mine)) return null;
  const parts = /^(\d+)(?::(.*))?$/.exec(env[MARK].slice(mine.length));
  return parts && { pid: Number(parts[1]), rank: parts[2] ?? "" };
}

const runId = (env: NodeJS.ProcessEnv): string => env[ENV.runId] || "by-hand";
