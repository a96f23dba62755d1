/**
 * The environment of the shell that a job was submitted from: kept in a file that only its user can read, for all
 * runs of the job, as `/proc/PID/environ` has it. Jobs of a config have none: they get the supervisor's own.
 */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../../files/make-folder.ts";
import { environmentRecord } from "../../files/state-paths.ts";
import type { Job } from "../../model/job.ts";
import { ownVariables, type Variables, variablesIn } from "../../spawn/exact-environment.ts";

/** Replaces what an earlier job of that name had. Throws what the disk throws. */
export function keepEnvironment(stateDirectory: string, job: string, environ: Buffer): void {
  const path = environmentRecord(stateDirectory, job);
  const folder = dirname(path);
  makeFolder(folder);
  // No job's name begins with a dot: "train.new" may be one.
  const fresh = join(folder, `.${job}`);
  writeFileSync(fresh, environ, { mode: 0o600 });
  renameSync(fresh, path);
}

/** Does nothing where there is none. Never throws: what the disk doesn't give up now is removed at the next start. */
export function forgetEnvironment(stateDirectory: string, job: string): void {
  try {
    rmSync(environmentRecord(stateDirectory, job), { force: true });
  } catch {}
}

/** Those of jobs that are no more, or are the config's by now: they may hold secrets. Never throws. */
export function forgetOtherEnvironments(stateDirectory: string, jobs: Readonly<Record<string, Job>>): void {
  try {
    for (const name of readdirSync(dirname(environmentRecord(stateDirectory, "any"))))
      if (jobs[name]?.origin !== "run") forgetEnvironment(stateDirectory, name);
  } catch {}
}

/** What the job's own settings are added to. */
export function inheritedBy({ name, origin }: Job, stateDirectory: string): Variables {
  if (origin !== "run") return ownVariables();
  try {
    return variablesIn(readFileSync(environmentRecord(stateDirectory, name)));
  } catch (error) {
    // Submitted by an earlier version, or without an environment.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return ownVariables();
    throw error;
  }
}
