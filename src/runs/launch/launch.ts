/**
 * Starts one run: its directories, its cgroup, its log, and the launcher that becomes its parent in a
 * session of its own. The job writes to a real file: a pipe through us would kill it when we die. No
 * shell ever sees the job's argv as text.
 */
import { closeSync, constants, openSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ClaimFiles } from "../../claims/publish-claims.ts";
import { USER } from "../../config/project.ts";
import type { JobSpec } from "../../config/schema/job-schema.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { resolveCommand } from "../../files/resolve-command.ts";
import { cgroupRecord, checkpointDirectory, logPath } from "../../files/state-paths.ts";
import type { Job } from "../../model/job.ts";
import type { Checkpoint, Run } from "../../model/run.ts";
import type { EffectFailure } from "../../ports/runs.ts";
import { Refusal } from "../../refusal.ts";
import { spawnDetached } from "../../spawn/spawn-detached.ts";
import { beginAnew, writeOwner } from "../checkpoints/owner.ts";
import { type LogLimits, rotateBetweenRuns } from "../clean-up/rotate-log.ts";
import { noteLogStart } from "../observe/out-of-gpu-memory.ts";
import { makeCgroup, removeCgroup } from "./cgroup.ts";
import { argumentsOf, environmentOf } from "./job-environment.ts";
import { writeRunFiles } from "./launcher-script.ts";
import { beginLine } from "./log-line.ts";
import { writeRunRecord } from "./run-record.ts";

export interface Launched {
  ok: true;
  launcherPid: number;
  /** Null when the run has none. */
  cgroup: string | null;
  /** Resolves when the launcher ends, in whatever way. */
  ended: Promise<unknown>;
}

export interface Launching {
  stateDirectory: string;
  /** Where a job without a `cwd` runs. */
  directory: string;
  /** Whose supervisor this is: the user's own when left out. */
  project?: string;
  /** The current configuration; without it logs grow without limit. */
  logs?: () => LogLimits;
  /** Claims the run's GPUs before it starts, and names its processes once they exist. */
  claims?: Pick<ClaimFiles, "take" | "renew">;
}

/** What its command names is there, but what we need to start it isn't. */
class Unready extends Refusal {
  override name = "Unready";
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
    return { ok: false, reason, ...(error instanceof Unready && { unready: true }) };
  }
}

async function start(
  job: Job,
  run: Run,
  resumeFrom: Checkpoint | null,
  { stateDirectory, directory, logs, project = USER }: Launching,
): Promise<Launched> {
  const cwd = folderOf(job.spec, directory);
  const env = environmentOf(job, run, resumeFrom, stateDirectory);
  const program = resolveCommand(job.spec, cwd, env);
  if (!program.ok) throw new (program.ours ? Unready : Refusal)(program.reason);
  const argv = [program.path, ...argumentsOf(job.spec, resumeFrom)];
  const checkpoints = checkpointDirectory(stateDirectory, job.name);
  // A run from the beginning must not be followed by one from an earlier run's checkpoint.
  if (resumeFrom === null) beginAnew(checkpoints);
  else makeFolder(checkpoints);
  writeOwner(checkpoints, { project, job: job.name, command: job.spec.command });
  const files = writeRunFiles(stateDirectory, run.id);
  writeRunRecord(stateDirectory, { job: job.name, run });
  if (logs) rotateBetweenRuns(logPath(stateDirectory, job.name), logs());
  const log = openLog(logPath(stateDirectory, job.name));
  noteLogStart(stateDirectory, run.id, log);
  const made = makeCgroup(stateDirectory, run.id);
  const cgroup = "directory" in made ? made.directory : null;
  try {
    if (cgroup) writeFileSync(cgroupRecord(stateDirectory, run.id), cgroup, { mode: 0o600 });
    const begin = beginLine(run, resumeFrom);
    const words = [files.launcher, "keep", files.directory, cgroup ?? "", run.bootId, begin, ...argv];
    const { pid, ended } = await spawnDetached("/bin/sh", words, log, { cwd, env });
    return { ok: true, cgroup, launcherPid: pid, ended };
  } catch (error) {
    if (cgroup) removeCgroup(cgroup);
    throw error;
  } finally {
    closeSync(log);
  }
}

/** The folder a job runs in. Checked here, since spawn() reports a missing one as a missing shell. */
function folderOf(spec: JobSpec, directory: string): string {
  const cwd = spec.cwd ?? directory;
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    throw new Refusal(`its folder ${cwd} does not exist`);
  return cwd;
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** O_NOFOLLOW: the log's name must not lead elsewhere. */
function openLog(path: string): number {
  makeFolder(dirname(path));
  try {
    return openSync(path, APPEND, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ELOOP") throw error;
    throw new Refusal(
      `its log ${path} is a symbolic link, which the supervisor doesn't follow; move it away`,
    );
  }
}
