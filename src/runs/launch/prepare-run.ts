/**
 * What every run needs before anything of it starts, wherever it runs: its program, environment, checkpoint directory,
 * and its own directory with the records that a later supervisor finds it by.
 */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { ClaimFiles } from "../../claims/publish-claims.ts";
import { USER } from "../../config/project.ts";
import type { JobSpec } from "../../config/schema/job-schema.ts";
import { systemCode } from "../../contract/system-code.ts";
import { containerCommandOf } from "../../files/container-command.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { resolveCommand } from "../../files/resolve-command.ts";
import { checkpointDirectory, logPath } from "../../files/state-paths.ts";
import type { Job } from "../../model/job.ts";
import type { Checkpoint, Run } from "../../model/run.ts";
import { Refusal } from "../../refusal.ts";
import type { Variables } from "../../spawn/exact-environment.ts";
import { beginAnew, type Owner, writeOwner } from "../checkpoints/owner.ts";
import { type LogLimits, rotateBetweenRuns } from "../clean-up/rotate-log.ts";
import { containerArgv } from "../containers/container-argv.ts";
import { writeContainerFiles } from "../containers/container-script.ts";
import { argumentsOf, environmentOf } from "./job-environment.ts";
import { type RunFiles, writeRunFiles } from "./launcher-script.ts";
import { writeRunRecord } from "./run-record.ts";

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

export interface Prepared {
  cwd: string;
  env: Record<string, string>;
  /** Its variables whose bytes aren't UTF-8. */
  raw: Variables["raw"];
  /** The program's path, then its arguments. */
  argv: string[];
  /** It runs in a container: `argv` is what starts that. */
  contained: boolean;
  files: RunFiles;
  log: string;
}

/** What its command names is there, but what we need to start it isn't. */
class Unready extends Refusal {
  override name = "Unready";
}

const NO_ROOM = ["ENOSPC", "EDQUOT"];
/** Of a folder that can't be made, written or looked at: these last until somebody mends them. */
const LASTING = ["EEXIST", "ENOTDIR", "EROFS", "ELOOP", "ENAMETOOLONG"];

/** Whether a launch failed for want of something of ours, or of room for its files: no fault of the job's. */
export const isUnready = (error: Error): boolean =>
  error instanceof Unready || NO_ROOM.includes(systemCode(error) ?? "");

/** @throws Refusal, Unready, or what the disk throws. */
export function prepareRun(
  job: Job,
  run: Run,
  resumeFrom: Checkpoint | null,
  { stateDirectory, directory, logs, project = USER }: Launching,
): Prepared {
  const cwd = folderOf(job.spec, directory);
  const variables = waitingFor("its environment can't be read now", () =>
    environmentOf(job, run, resumeFrom, stateDirectory),
  );
  const { env, raw } = variables;
  const contained = containerCommandOf(job.spec);
  const program = resolveCommand(contained ? { command: [contained.program] } : job.spec, cwd, env);
  if (!program.ok) throw new (program.ours ? Unready : Refusal)(program.reason);
  prepareCheckpoints(checkpointDirectory(stateDirectory, job.name), resumeFrom, {
    project,
    job: job.name,
    command: job.spec.command,
  });
  const files = writeRunFiles(stateDirectory, run.id);
  const record = { job: job.name, run };
  writeRunRecord(stateDirectory, contained ? record : { ...record, program: program.path });
  const log = logPath(stateDirectory, job.name);
  if (logs) rotateBetweenRuns(log, logs());
  makeFolder(dirname(log));
  const args = argumentsOf(job.spec, resumeFrom);
  if (contained === null)
    return { cwd, env, raw, argv: [program.path, ...args], contained: false, files, log };
  const whole = containerCommandOf({ ...job.spec, command: [job.spec.command[0] ?? "", ...args] });
  const asked = { ...(whole ?? contained), program: program.path };
  const script = writeContainerFiles(stateDirectory, run.id, asked);
  const argv = ["/bin/sh", script, ...containerArgv(asked, job.spec, run, variables, stateDirectory)];
  return { cwd, env, raw, argv, contained: true, files, log };
}

/** Makes their folder. A run from the beginning must not be followed by one from an earlier run's checkpoint. */
function prepareCheckpoints(folder: string, resumeFrom: Checkpoint | null, owner: Owner): void {
  waitingFor("the folder of its checkpoints can't be used now", () => {
    if (resumeFrom === null) beginAnew(folder);
    else makeFolder(folder);
    writeOwner(folder, owner);
  });
}

/** Does what the disk may refuse for now, and then tells `sentence` with its message. */
function waitingFor<T>(sentence: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = systemCode(error);
    if (code === null || LASTING.includes(code)) throw error;
    throw new Unready(`${sentence}: ${(error as Error).message}`);
  }
}

/** The folder a job runs in. Checked here, since spawn() reports a missing one as a missing shell. */
function folderOf(spec: JobSpec, directory: string): string {
  const cwd = spec.cwd ?? directory;
  const stat = waitingFor("its folder can't be looked at now", () =>
    statSync(cwd, { throwIfNoEntry: false }),
  );
  if (!stat?.isDirectory()) throw new Refusal(`its folder ${cwd} does not exist`);
  return cwd;
}
