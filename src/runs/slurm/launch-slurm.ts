/**
 * Begins a run on a cluster: releases the job that a pause has left held in Slurm's queue, under the same id, or submits
 * a new one where there is none, or where other options are asked for now. The run's files are complete before Slurm
 * may begin it.
 */
import type { Effect } from "../../model/effect.ts";
import type { Job } from "../../model/job.ts";
import type { EffectFailure, EffectResult } from "../../ports/runs.ts";
import { beginLine } from "../launch/log-line.ts";
import type { Launching } from "../launch/prepare-run.ts";
import { isUnready, type Prepared, prepareRun } from "../launch/prepare-run.ts";
import { type Answer, ask } from "./commands.ts";
import type { SlurmQueue } from "./queue.ts";
import type { QueueEntry } from "./queue-entry.ts";
import { pointTo, writeBatchScript, writeStart } from "./scripts.ts";
import {
  folderOf,
  forget,
  noteReleased,
  optionsOf,
  readSubmission,
  type Submission,
  slurmSignalOf,
  submitWords,
  tokensOf,
  writeRunsJob,
  writeSubmission,
} from "./submission.ts";

type Launch = Extract<Effect, { do: "launch" }>;

export interface Where extends Launching {
  queue: SlurmQueue;
}

/**
 * From a job's end to its next beginning: within the same second slurmd refuses it, and slurmctld fails the job. More
 * than the clocks of nodes differ by.
 */
const START_AFTER_SECONDS = 3;

/** Resolves once Slurm has taken it. Never rejects. */
export async function launchOnSlurm(launch: Launch, job: Job, where: Where): Promise<EffectResult> {
  try {
    return await begin(launch, job, where);
  } catch (error) {
    const { message: reason } = error as Error;
    return { ok: false, reason, ...(isUnready(error as Error) && { unready: true }) };
  }
}

async function begin({ run, resumeFrom }: Launch, job: Job, where: Where): Promise<EffectResult> {
  const { stateDirectory, queue } = where;
  const prepared = prepareRun(job, run, resumeFrom, where);
  const { files, cwd, env, argv, log } = prepared;
  writeStart({
    runDirectory: files.directory,
    launcher: files.launcher,
    cwd,
    env,
    own: job.spec.env,
    signal: slurmSignalOf(job.spec),
    begin: beginLine(run, resumeFrom),
    argv,
  });
  const options = optionsOf(job.spec, log, cwd);
  const before = readSubmission(stateDirectory, job.name);
  if (tokensOf(stateDirectory, job.name).length === 0) return submit(run.id, job, options, prepared, where);
  const view = await queue.fresh();
  if (view === null) return unready(queue.silence?.reason ?? "Slurm's controller doesn't answer");
  const same = before !== null && isSame(before.options, options) ? before : null;
  const waiting = same === null ? undefined : view.byToken.get(same.token);
  for (const token of tokensOf(stateDirectory, job.name)) {
    if (waiting?.token === token && mayBegin(waiting)) continue;
    const refused = await withdraw(view.byToken.get(token));
    if (refused !== null) return refused;
    forget(stateDirectory, job.name, token);
  }
  if (same === null || waiting === undefined || !mayBegin(waiting))
    return submit(run.id, job, options, prepared, where);
  if (before?.id !== waiting.id) writeSubmission(stateDirectory, job.name, { ...same, id: waiting.id });
  pointTo(folderOf(stateDirectory, job.name, same.token), files.directory);
  writeRunsJob(stateDirectory, run.id, waiting.id);
  return release(waiting.id, run.id, stateDirectory);
}

/** It waits in the queue, held or not, and begins whatever run is due. */
const mayBegin = ({ state, held }: QueueEntry): boolean => held || state === "PENDING";

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((word, at) => word === other[at]);

const unready = (reason: string): EffectFailure => ({ ok: false, unready: true, reason });
const failure = ({ silent, reason }: Extract<Answer, { ok: false }>): EffectFailure =>
  silent ? unready(reason) : { ok: false, reason };

async function submit(
  runId: string,
  job: Job,
  options: string[],
  { files }: Prepared,
  { stateDirectory }: Where,
): Promise<EffectResult> {
  const submission: Submission = { id: null, token: runId, options };
  const folder = folderOf(stateDirectory, job.name, runId);
  writeSubmission(stateDirectory, job.name, submission);
  pointTo(folder, files.directory);
  const answer = await ask("sbatch", submitWords(runId, options, writeBatchScript(folder), folder));
  if (!answer.ok) return failure(answer);
  const id = Number(/^(\d+)/.exec(answer.stdout)?.[1]);
  if (!(id > 0)) return { ok: false, reason: `sbatch gave no job id: ${answer.stdout.trim()}` };
  writeSubmission(stateDirectory, job.name, { ...submission, id });
  writeRunsJob(stateDirectory, runId, id);
  noteReleased(stateDirectory, runId);
  return { ok: true };
}

/** Has Slurm begin a held job's next run. May be repeated. */
export async function release(id: number, runId: string, stateDirectory: string): Promise<EffectResult> {
  const start = await ask("scontrol", ["update", `JobId=${id}`, `StartTime=now+${START_AFTER_SECONDS}`]);
  if (!start.ok) return failure(start);
  const released = await ask("scontrol", ["release", `${id}`]);
  if (!released.ok) return failure(released);
  noteReleased(stateDirectory, runId);
  return { ok: true };
}

const OVER = new Set(["CANCELLED", "COMPLETED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "DEADLINE"]);

/** Cancels what is left of an earlier submission in the queue. Returns why it couldn't, or null. */
export async function withdraw(entry: QueueEntry | undefined): Promise<EffectFailure | null> {
  if (entry === undefined || OVER.has(entry.state)) return null;
  const answer = await ask("scancel", [`${entry.id}`]);
  return answer.ok ? null : failure(answer);
}
