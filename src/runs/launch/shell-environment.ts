/**
 * The environment of the shell that a job was submitted from: kept in a file that only its user can read, for all
 * runs of the job, as `/proc/PID/environ` has it. Jobs of a config have none: they get the supervisor's own.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../../files/make-folder.ts";
import { environmentRecord } from "../../files/state-paths.ts";
import type { Job } from "../../model/job.ts";
import { ownVariables, type Variables, variablesIn } from "../../spawn/exact-environment.ts";

/** Replaces what an earlier job of that name had. Throws what the disk throws. */
export function keepEnvironment(stateDirectory: string, job: string, environ: Buffer): void {
  const path = environmentRecord(stateDirectory, job);
  makeFolder(dirname(path));
  writeFileSync(`${path}.new`, environ, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Does nothing where there is none. */
export function forgetEnvironment(stateDirectory: string, job: string): void {
  rmSync(environmentRecord(stateDirectory, job), { force: true });
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
