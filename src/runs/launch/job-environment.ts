/**
 * Builds the environment and the argv of one run. A job inherits the environment of the shell that it was submitted
 * from, or else the supervisor's; then its `envFile`, then its `env`. The contract's names always win, and so do those
 * of its GPUs. Must never pass on another supervisor's contract.
 */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import type { JobSpec } from "../../config/schema/job-schema.ts";
import { ENV } from "../../contract/names.ts";
import { isAbsent, systemCode } from "../../contract/system-code.ts";
import { checkpointDirectory, statusDirectory } from "../../files/state-paths.ts";
import { graceMs } from "../../model/grace.ts";
import { type Job, pauseSignalOf } from "../../model/job.ts";
import type { Checkpoint, Run } from "../../model/run.ts";
import { Refusal } from "../../refusal.ts";
import type { Variables } from "../../spawn/exact-environment.ts";
import { inheritedBy } from "./shell-environment.ts";

export interface JobVariables extends Variables {
  /** What it was given of its shell, or of the supervisor. */
  inherited: Readonly<Record<string, string>>;
}

/** @throws Refusal when the job's `envFile` isn't there or isn't one; what the disk throws */
export function environmentOf(
  job: Job,
  run: Run,
  resumeFrom: Checkpoint | null,
  stateDirectory: string,
): JobVariables {
  const { spec } = job;
  // Python keeps what it prints to itself while it writes to a file; a log has to be seen as it grows.
  const env: Record<string, string> = { PYTHONUNBUFFERED: "1" };
  const { env: all, raw } = inheritedBy(job, stateDirectory);
  // The supervisor, or that shell, may itself run inside another supervisor's job.
  const inherited = Object.fromEntries(
    Object.entries(all).filter(([name]) => !name.startsWith("SUPERVISOR_")),
  );
  Object.assign(env, inherited);
  if (spec.envFile) Object.assign(env, readEnvFile(spec.envFile));
  const whole = {
    ...env,
    ...spec.env,
    ...run.devices,
    [ENV.job]: job.name,
    [ENV.runNumber]: String(run.number),
    [ENV.runId]: run.id,
    [ENV.checkpointDir]: checkpointDirectory(stateDirectory, job.name),
    [ENV.resumeFrom]: resumeFrom?.path ?? "",
    [ENV.statusDir]: statusDirectory(stateDirectory, run.id),
    [ENV.pauseSignal]: pauseSignalOf(spec),
    [ENV.graceSeconds]: String(Math.ceil(graceMs(spec.pause.graceSeconds, job.learned) / 1000)),
    [ENV.checkpointMinutes]: String(spec.checkpoint.everyMinutes),
    [ENV.checkpointKeep]: String(spec.checkpoint.keep),
  };
  return { env: whole, raw, inherited };
}

/** The command's arguments after its program, with `resumeArgs` when there is a checkpoint to resume from. */
export function argumentsOf(spec: JobSpec, resumeFrom: Checkpoint | null): string[] {
  const own = spec.command.slice(1);
  if (!resumeFrom) return own;
  return [...own, ...spec.resumeArgs.map((part) => part.split("{checkpoint}").join(resumeFrom.path))];
}

function readEnvFile(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, "utf8"));
  } catch (error) {
    // Whether it is there isn't known: this may pass.
    if (systemCode(error) !== null && !isAbsent(error)) throw error;
    throw new Refusal(`envFile ${path} can't be read: ${(error as Error).message}`);
  }
}
