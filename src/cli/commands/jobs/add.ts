/**
 * `add -- CMD…`, `edit JOB SETTING=VALUE…`: jobs of the config, from the command line. The config's comments stay. A job
 * that was added by `run` is edited in its supervisor.
 */
import { dirname, relative } from "node:path";
import { editConfig, jobsIn } from "../../../config/edit/edit-config.ts";
import { findConfig } from "../../../config/find.ts";
import { formatPath, type Path, type Problem } from "../../../config/problem.ts";
import { tilde } from "../../../config/project.ts";
import { misuse } from "../../../refusal.ts";
import { nameJob } from "../../name-for-command.ts";
import { noSuchJob } from "../../named-jobs.ts";
import { print, say } from "../../print.ts";
import { type Options, placesOf, tryConnect } from "../../supervisors/connect.ts";
import { readConfig } from "../../supervisors/read-config.ts";
import { tellWarnings } from "../../tell-problems.ts";
import { editRunJob, FROM_NEXT_RUN } from "./edit-run-job.ts";
import { changesOf, settingOf } from "./settings.ts";
import { expandedGlob } from "./submit/expanded-glob.ts";
import {
  folderOf,
  type JobOptions,
  orderFrom,
  ownVariables,
  settingsFrom,
} from "./submit/job-from-options.ts";

export interface AddOptions extends JobOptions {
  set?: string[];
}

export async function add(command: string[], options: AddOptions): Promise<number> {
  if (command.length === 0) throw misuse("Which command? supervisor add -- python train.py");
  const file = configFile(options);
  const taken = jobsIn(file);
  const name = options.name ?? nameJob(command, taken);
  if (taken.includes(name))
    throw misuse(
      `There is already a job '${name}' in ${tilde(file)}. Change it: supervisor edit ${name} SETTING=VALUE`,
    );
  const cwd = folderOf(options);
  const oneFile = expandedGlob(options.checkpointGlob, command, cwd);
  if (oneFile !== null) say(oneFile);
  const at = ["jobs", taken.length];
  const job = {
    name,
    command,
    ...(relative(dirname(file), cwd) !== "" && { cwd }),
    ...(options.env !== undefined && { env: ownVariables(options.env) }),
    ...settingsFrom(options),
    ...orderFrom(options),
  };
  const settings = (options.set ?? []).map((one) => settingOf(one, at, "--set"));
  const doubts = editConfig(file, [{ path: at, value: job }, ...settings]);
  print(`Added '${name}' to ${tilde(file)}.`);
  tellOf(doubts, at);
  await takenOver(options);
  return 0;
}

export async function edit([name = "", ...changes]: string[], options: Options): Promise<number> {
  const found = findConfig(options.config);
  if (found === null || !jobsIn(found).includes(name)) {
    const code = await editRunJob(name, changes, options);
    if (code !== null) return code;
  }
  const file = configFile(options);
  const at = ["jobs", indexOf(name, file)];
  const doubts = editConfig(file, changesOf(name, changes, at));
  print(`Changed '${name}' in ${tilde(file)}. ${FROM_NEXT_RUN}`);
  tellOf(doubts, at);
  await takenOver(options);
  return 0;
}

/** Takes a job out of the config. Its supervisor is to read that. */
export function takeOut(name: string, options: Options): void {
  const file = configFile(options);
  editConfig(file, [{ path: ["jobs", indexOf(name, file)], value: undefined }]);
  print(`Took '${name}' out of ${tilde(file)}.`);
}

function configFile(options: Options): string {
  const file = findConfig(options.config);
  if (file === null) throw misuse("There is no config here. Write one: supervisor init");
  return file;
}

function indexOf(name: string, file: string): number {
  const names = jobsIn(file);
  const at = names.indexOf(name);
  if (at === -1) throw misuse(`In ${tilde(file)}: ${noSuchJob(name, names)}`);
  return at;
}

/** What `check` would warn of, of the job at `path` alone. */
function tellOf(doubts: Problem[], path: Path): void {
  const job = formatPath(path);
  tellWarnings(doubts.filter((one) => one.path === job || one.path.startsWith(`${job}.`)));
}

/** Says it once the config is in force. @throws Refusal where its supervisor doesn't take it over */
async function takenOver(options: Options): Promise<void> {
  const client = await tryConnect(await placesOf(options));
  if (client === null) return print("Start it: supervisor start");
  try {
    await readConfig(client);
  } finally {
    client.close();
  }
  print("The running supervisor has taken it over.");
}
