/** `init`: writes a commented config to start from. Never overwrites one. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative } from "node:path";
import { CONFIG_NAME, configAt } from "../../../config/find.ts";
import { packageFile } from "../../../own-files.ts";
import { isSystemError, Refusal } from "../../../refusal.ts";
import { nameJob } from "../../name-for-command.ts";
import { print } from "../../print.ts";
import type { Options } from "../../supervisors/connect.ts";

const TRAINING_SCRIPT = /^(train|finetune|fine_tune|pretrain)[\w-]*\.(py|m?[jt]s)$/;

export async function init(options: Options): Promise<void> {
  const path = configAt(options.config ?? CONFIG_NAME);
  const directory = dirname(path);
  const scripts = findScripts(directory);
  try {
    writeFileSync(path, configText(scripts, schemaPath(directory)), { flag: "wx" });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "EEXIST")
      throw new Refusal(`${path} already exists and was left unchanged. Check it: supervisor check`);
    throw new Refusal(`${path} can't be written: ${error.message}`);
  }
  print(`Wrote ${relative(process.cwd(), path) || path}.`);
  if (scripts.length > 0) print(`Jobs in it: ${scripts.join(", ")}. Check them, then: supervisor start`);
  else print("It has no job yet: add one to it, or: supervisor run -- python train.py");
}

/** Training scripts beside the config. */
function findScripts(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => TRAINING_SCRIPT.test(name))
      .sort();
  } catch {
    return [];
  }
}

/** The schema of this installation, by its shortest path from `directory`. */
function schemaPath(directory: string): string {
  const schema = packageFile("supervisor.schema.json");
  const near = relative(directory, schema);
  if (near.startsWith("..") || isAbsolute(near)) return schema;
  return existsSync(join(directory, near)) ? `./${near}` : schema;
}

function jobText(script: string, taken: string[]): string {
  const command = [script.endsWith(".py") ? "python" : "node", script];
  const name = nameJob(command, taken);
  taken.push(name);
  return `    { "name": ${JSON.stringify(name)}, "command": ${JSON.stringify(command).replaceAll(",", ", ")} }`;
}

const EXAMPLE_JOB = `    // { "name": "train", "command": ["python", "train.py"], "priority": 10 }`;

function configText(scripts: string[], schema: string): string {
  const taken: string[] = [];
  const jobs = scripts.map((script) => jobText(basename(script), taken)).join(",\n");
  return `// What supervisor keeps running, and when it makes room for others.
// Every field: docs/configuration.md. Check an edit: supervisor check. Edits take effect while it runs.
{
  "$schema": ${JSON.stringify(schema)},

  // Commands (no shell) that are kept running until they finish.
  "jobs": [
${jobs === "" ? EXAMPLE_JOB : jobs}
    // An existing script that saves and exits on SIGTERM needs no change:
    //   "pause": { "signal": "SIGTERM", "exitCodes": [143] },
    //   "checkpoint": { "glob": "out/checkpoint-*" },
    //   "resumeArgs": ["--resume_from_checkpoint", "{checkpoint}"]
  ],

  // When jobs make room. Without "rules", the built-in ones apply: others on the GPU, heat, memory; others
  // on the CPU only notify. "others" are programs that aren't jobs: a job never pauses itself.
  // "rules": [
  //   { "name": "somebody else computes on the CPU", "metric": "cpu.others", "above": 60, "forSeconds": 10,
  //     "clear": { "below": 30, "forSeconds": 30 } }
  // ],

  // When jobs may run at all; without windows, always. Cron: minute hour day month weekday.
  // "windows": [
  //   { "name": "night", "opens": "0 22 * * *", "closes": "0 7 * * *" }
  // ]
}
`;
}
