/**
 * What a job has in Slurm's queue, as its folder in the state directory notes it: the id that Slurm gave it, what was
 * asked of Slurm, and which run begins next. Outlives each run; the files of a run name the job that it belongs to.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JobSpec, SlurmSpec } from "../../config/schema/job-schema.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { runDirectory, slurmDirectory } from "../../files/state-paths.ts";
import { graceMs } from "../../model/grace.ts";
import { pauseSignalOf } from "../../model/job.ts";
import { commentOf } from "./queue-entry.ts";

export interface Submission {
  /** Null from before sbatch was called until it has answered. */
  id: number | null;
  /** Unique: the id of its first run. */
  token: string;
  /** The options that it was submitted with: another set makes another job. */
  options: string[];
}

/** Null where there is none, or its record can't be read. */
export function readSubmission(stateDirectory: string, job: string): Submission | null {
  try {
    const record = JSON.parse(readFileSync(recordOf(stateDirectory, job), "utf8")) as Partial<Submission>;
    const { id = null, token, options } = record;
    if ((id !== null && typeof id !== "number") || typeof token !== "string" || !Array.isArray(options))
      return null;
    return { id, token, options };
  } catch {
    return null;
  }
}

/** Throws what the disk throws. */
export function writeSubmission(stateDirectory: string, job: string, submission: Submission): void {
  const path = recordOf(stateDirectory, job);
  writeFileSync(`${path}.new`, `${JSON.stringify(submission)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export const forget = (stateDirectory: string, job: string, token: string): void =>
  rmSync(join(slurmDirectory(stateDirectory, job), token), { recursive: true, force: true });

/** The folder that a submission's batch script is called with; made where it is missing. */
export function folderOf(stateDirectory: string, job: string, token: string): string {
  const folder = join(slurmDirectory(stateDirectory, job), token);
  makeFolder(folder);
  return folder;
}

const recordOf = (stateDirectory: string, job: string): string =>
  join(slurmDirectory(stateDirectory, job), "submission.json");

/** Tokens of everything of the job that was ever submitted and not yet forgotten. */
export function tokensOf(stateDirectory: string, job: string): string[] {
  try {
    const entries = readdirSync(slurmDirectory(stateDirectory, job), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Slurm's id of the job that a run belongs to; null while it isn't known. */
export function readRunsJob(stateDirectory: string, runId: string): number | null {
  try {
    const id = Number(readFileSync(join(runDirectory(stateDirectory, runId), "slurm"), "utf8"));
    return Number.isSafeInteger(id) && id > 0 ? id : null;
  } catch {
    return null;
  }
}

export const writeRunsJob = (stateDirectory: string, runId: string, id: number): void =>
  writeFileSync(join(runDirectory(stateDirectory, runId), "slurm"), `${id}\n`, { mode: 0o600 });

/** Slurm was told to begin this run, at its submission or by a release: a hold since then is somebody else's. */
export const isReleased = (stateDirectory: string, runId: string): boolean =>
  existsSync(join(runDirectory(stateDirectory, runId), "released"));

export const noteReleased = (stateDirectory: string, runId: string): void =>
  writeFileSync(join(runDirectory(stateDirectory, runId), "released"), "", { mode: 0o600 });

/** What sbatch is asked for, without what names one submission. */
export function optionsOf(spec: JobSpec, log: string, cwd: string): string[] {
  const { partition, nodes, ntasksPerNode, gres, timeMinutes, options } = spec.executor as SlurmSpec;
  const { graceSeconds } = spec.pause;
  return [
    `--job-name=${spec.name}`,
    `--nodes=${nodes}`,
    `--ntasks-per-node=${ntasksPerNode}`,
    // A percent sign would be a pattern.
    `--output=${log.replaceAll("%", "%%")}`,
    "--open-mode=append",
    "--requeue",
    `--chdir=${cwd}`,
    `--signal=B:USR1@${warningSeconds(graceSeconds, timeMinutes)}`,
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(gres === undefined ? [] : [`--gres=${gres}`]),
    ...(timeMinutes === undefined ? [] : [`--time=${timeMinutes}`]),
    ...options,
  ];
}

/**
 * How long before its time limit Slurm itself tells the batch script, for a supervisor that isn't there. Slurm is up to a
 * minute early; the supervisor's own request, with its reason, comes before that where the grace is long enough. Goes by
 * the config alone: a figure that is learned would make another submission of it.
 */
function warningSeconds(graceSeconds: number | "auto", limitMinutes = Number.POSITIVE_INFINITY): number {
  const asked = Math.min(graceMs(graceSeconds, {}) / 1000, (limitMinutes * 60) / 2);
  return Math.ceil(Math.max(asked / 2, asked - 60));
}

/** The job's pause signal as Slurm names it: "USR2". */
export const slurmSignalOf = (spec: JobSpec): string => pauseSignalOf(spec).slice(3);

export const submitWords = (token: string, options: readonly string[], script: string, folder: string) => [
  "--parsable",
  `--comment=${commentOf(token)}`,
  ...options,
  script,
  folder,
];
