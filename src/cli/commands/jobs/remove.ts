/** `remove JOB…`, `clean`: takes jobs off the list that have no run. Only `--checkpoints` removes what they have saved. */
import { tilde } from "../../../config/project.ts";
import type { ControlClient } from "../../../control/client.ts";
import { ask } from "../../../control/client.ts";
import type { JobView } from "../../../control/protocol.ts";
import { isGone } from "../../../files/is-there.ts";
import { isEnded, isLive } from "../../../model/state.ts";
import { isSystemError, Refusal } from "../../../refusal.ts";
import { holdsSaved, jobFolder, removeSavedFiles } from "../../../runs/clean-up/remove-job-files.ts";
import { follow } from "../../follow-jobs.ts";
import { jobsNamed } from "../../named-jobs.ts";
import { print, say } from "../../print.ts";
import { askedBy, mustConnect, type Options, placesOf, snapshotOf } from "../../supervisors/connect.ts";
import { readConfig } from "../../supervisors/read-config.ts";
import { takeOut } from "./add.ts";

export interface RemoveOptions extends Options {
  checkpoints?: boolean;
}

/** The jobs named, which must have ended or have no run. */
export async function remove(names: string[], options: RemoveOptions): Promise<number> {
  const client = await mustConnect(options, true);
  try {
    const jobs = jobsNamed(names, (await snapshotOf(client)).jobs);
    const [only] = jobs;
    if (only === undefined || jobs.length > 1) return await removeEach(client, jobs, options);
    await takeOff(client, only.name, options);
    return (await removeFiles(only, options)) ? 0 : 1;
  } finally {
    client.close();
  }
}

/** One by one: what has to stay is told, loses no files, and keeps nothing else from being removed. */
async function removeEach(client: ControlClient, jobs: JobView[], options: RemoveOptions): Promise<number> {
  let code = 0;
  for (const job of jobs) {
    const { name } = job;
    try {
      await takeOff(client, name, options);
      if (!(await removeFiles(job, options))) code = 1;
    } catch (error) {
      if (!(error instanceof Refusal) || error.exitCode === 3) throw error;
      say(`${name}  stays: ${error.message}`);
      code = 1;
    }
  }
  return code;
}

/** A job of the config is taken out of that, which the supervisor then follows. */
async function takeOff(client: ControlClient, name: string, options: Options): Promise<void> {
  const job = (await snapshotOf(client)).jobs.find((one) => one.name === name);
  if (job?.origin !== "config" || isLive(job.state))
    return void (await ask(client, { verb: "remove", jobs: [name], by: askedBy() }));
  takeOut(name, options);
  await readConfig(client);
  const seen = await follow(client, ({ jobs }) => {
    const still = jobs.find((one) => one.name === name);
    return still === undefined ? "gone" : isLive(still.state) ? "live" : null;
  });
  if (seen === "live") throw new Refusal(`'${name}' was started meanwhile, and goes on until that run ends.`);
}

/** Every job that was added by `run` and has ended. */
export async function clean(options: RemoveOptions): Promise<number> {
  const client = await mustConnect(options);
  try {
    const { jobs } = await snapshotOf(client);
    const ended = jobs.filter(({ state, origin }) => origin === "run" && isEnded(state));
    if (ended.length === 0) {
      print("No job that was added by 'run' has ended.");
      return 0;
    }
    return await removeEach(client, ended, options);
  } finally {
    client.close();
  }
}

/** Says what became of a job that is off the list, and of what it has saved. False where the disk refuses. */
async function removeFiles(job: JobView, options: RemoveOptions): Promise<boolean> {
  const { name } = job;
  const directory = jobFolder((await placesOf(options)).stateDirectory, name);
  const holds = directory !== null && holdsSaved(directory);
  const others = ofItsProgram(job, directory);
  if (directory === null || !options.checkpoints) {
    print(`${name}  removed${holds ? `; its checkpoints stay in ${tilde(directory)}` : ""}${others}`);
    return true;
  }
  try {
    await removeSavedFiles(directory, `${process.pid}`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    say(`${name}  removed, but some of its saved files couldn't be deleted: ${error.message}`);
    return false;
  }
  print(`${name}  removed${holds ? ", and its checkpoints with it" : ""}${others}`);
  return true;
}

/** Files of `checkpoint.glob` are the user's: never removed, and a job that is new to the list takes them only if told to. */
function ofItsProgram({ checkpoint, origin }: JobView, directory: string | null): string {
  if (checkpoint === null || isGone(checkpoint.path)) return "";
  if (directory !== null && checkpoint.path.startsWith(`${directory}/`)) return "";
  const how = origin === "config" ? '"checkpoint": { "adoptExisting": true }' : "supervisor run --adopt";
  const stay = "the checkpoints that its program wrote stay where they are";
  return `; ${stay}, the newest is ${tilde(checkpoint.path)}. If it is added again, it goes on from them only with ${how}`;
}
