/**
 * Starts one run on this machine: its cgroup, its log, and the launcher that becomes its parent in a
 * session of its own. The job writes to a real file: a pipe through us would kill it when we die. No
 * shell ever sees the job's argv as text.
 */
import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { cgroupRecord } from "../../files/state-paths.ts";
import type { Job } from "../../model/job.ts";
import type { Checkpoint, Run } from "../../model/run.ts";
import type { EffectFailure } from "../../ports/runs.ts";
import { Refusal } from "../../refusal.ts";
import { openFilesOfShell } from "../../sense/proc/open-files.ts";
import { RESTORE, restoreLines } from "../../spawn/exact-environment.ts";
import { spawnDetached } from "../../spawn/spawn-detached.ts";
import { noteLogStart } from "../observe/out-of-gpu-memory.ts";
import { makeCgroup, removeCgroup } from "./cgroup.ts";
import { ASSIGNED } from "./launcher-script.ts";
import { beginLine } from "./log-line.ts";
import { isUnready, type Launching, prepareRun } from "./prepare-run.ts";

export interface Launched {
  ok: true;
  launcherPid: number;
  /** Null when the run has none. */
  cgroup: string | null;
  /** Resolves when the launcher ends, in whatever way. */
  ended: Promise<unknown>;
}

/** Resolves once the launcher runs; the job itself shows by its pid record. Never rejects. */
export async function launch(
  job: Job,
  run: Run,
  resumeFrom: Checkpoint | null,
  where: Launching,
): Promise<Launched | EffectFailure> {
  try {
    return await start(job, run, resumeFrom, where);
  } catch (error) {
    const { message: reason } = error as Error;
    return { ok: false, reason, ...(isUnready(error as Error) && { unready: true }) };
  }
}

async function start(job: Job, run: Run, resumeFrom: Checkpoint | null, where: Launching): Promise<Launched> {
  const { stateDirectory } = where;
  const { cwd, env, raw, argv, contained, files, log: path } = prepareRun(job, run, resumeFrom, where);
  const log = openLog(path);
  noteLogStart(stateDirectory, run.id, log);
  // A container has its own.
  const made = contained ? null : makeCgroup(stateDirectory, run.id);
  const cgroup = made !== null && "directory" in made ? made.directory : null;
  try {
    if (cgroup) writeFileSync(cgroupRecord(stateDirectory, run.id), cgroup, { mode: 0o600 });
    const begin = beginLine(run, resumeFrom);
    const words = [files.launcher, "keep", files.directory, cgroup ?? "", run.bootId, begin, ...argv];
    const { pid, ended } = await spawnDetached("/bin/sh", words, log, {
      cwd,
      env: { ...env, [RESTORE]: restoreLines({ env, raw }, ASSIGNED, openFilesOfShell()) },
    });
    return { ok: true, cgroup, launcherPid: pid, ended };
  } catch (error) {
    if (cgroup) removeCgroup(cgroup);
    throw error;
  } finally {
    closeSync(log);
  }
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** O_NOFOLLOW: the log's name must not lead elsewhere. */
function openLog(path: string): number {
  try {
    return openSync(path, APPEND, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ELOOP") throw error;
    throw new Refusal(
      `its log ${path} is a symbolic link, which the supervisor doesn't follow; move it away`,
    );
  }
}
