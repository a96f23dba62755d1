/** `add -- CMD…`, `edit JOB SETTING=VALUE…`: jobs of the config, from the command line. The config's comments stay. */
import { dirname, relative } from "node:path";
import { editConfig, jobsIn } from "../../../config/edit/edit-config.ts";
import { findConfig } from "../../../config/find.ts";
import { tilde } from "../../../config/project.ts";
import { misuse } from "../../../refusal.ts";
import { noSuchJob, type Options, placesOf, tryConnect } from "../../connect.ts";
import { nameJob } from "../../name-job.ts";
import { print } from "../../print.ts";

export interface AddOptions extends Options {
  name?: string;
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
  const cwd = relative(dirname(file), process.cwd());
  const at = ["jobs", taken.length];
  const job = { name, command, ...(cwd !== "" && { cwd: process.cwd() }) };
  const settings = (options.set ?? []).map((one) => settingOf(one, at, "--set"));
  editConfig(file, [{ path: at, value: job }, ...settings]);
  print(`Added '${name}' to ${tilde(file)}.`);
  await sayWhen(options);
  return 0;
}

export async function edit([name = "", ...changes]: string[], options: Options): Promise<number> {
  const file = configFile(options);
  const at = indexOf(name, file);
  if (changes.length === 0)
    throw misuse(
      `What of '${name}'? supervisor edit ${name} priority=20 pause.graceSeconds=300; SETTING= takes one out`,
    );
  const settings = changes.map((one) => settingOf(one, ["jobs", at], "A change"));
  if (changes.some((one) => one.startsWith("name=")))
    throw misuse("A job's name is what its checkpoints and its history are kept under; it can't be changed.");
  editConfig(file, settings);
  print(`Changed '${name}' in ${tilde(file)}. A changed command or environment counts from its next run on.`);
  await sayWhen(options);
  return 0;
}

/** Takes a job out of the config. */
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

/** `pause.graceSeconds=300`: a value is JSON, or else a text; none at all takes the setting out. */
function settingOf(
  text: string,
  at: (string | number)[],
  option: string,
): { path: (string | number)[]; value: unknown } {
  const [, key = "", value = ""] = /^([A-Za-z]\w*(?:\.\w+)*)=(.*)$/s.exec(text) ?? [];
  if (key === "") throw misuse(`${option} must be SETTING=VALUE, such as priority=20, got '${text}'.`);
  return {
    path: [...at, ...key.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part))],
    value: value === "" ? undefined : written(value),
  };
}

function written(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function sayWhen(options: Options): Promise<void> {
  const client = await tryConnect(await placesOf(options));
  print(
    client === null ? "Start it: supervisor start" : "The running supervisor takes it over within seconds.",
  );
  client?.close();
}
