/**
 * What a job needs and this machine lacks right now: folder, program, script, environment file.
 * Only warnings, since files come and go; checks names only, those in an environment file included, and runs
 * nothing.
 */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { parseEnv } from "node:util";
import { containerCommandOf } from "../../../files/container-command.ts";
import { resolveCommand } from "../../../files/resolve-command.ts";
import { formatPath } from "../../problem.ts";
import type { JobSpec } from "../../schema/job-schema.ts";
import type { MetricsSettings, Notify } from "../../schema/schema.ts";
import type { Finding } from "../explain.ts";
import { namedDevices } from "./device-environment.ts";

const INTERPRETERS = /^(node|python[\d.]*|bash|sh|uv|deno|bun)$/;
const SCRIPT = /\.(m?js|m?ts|py|sh)$/;

/** A missing program or an unset name: only doubts, as the supervisor's environment may differ. */
export function checkNotify(
  { command, webhook, headers }: Notify,
  index: number,
  directory: string,
): Finding[] {
  const say = (key: (string | number)[], sentence: string): Finding => {
    const path = ["notify", index, ...key];
    return { path, message: `${formatPath(path)} ${sentence}` };
  };
  const program = command === undefined ? null : resolveCommand({ command }, directory);
  const wrong = program?.ok === false ? [say(["command", 0], `can't be run here: ${program.reason}.`)] : [];
  const named: [key: string[], value: string][] = [
    [["webhook"], webhook ?? ""],
    ...Object.entries(headers).map(([name, value]): [string[], string] => [["headers", name], value]),
  ];
  const unset = named.filter(([, value]) => value.startsWith("env:") && !process.env[value.slice(4)]);
  return [...wrong, ...unset.map(([key, value]) => say(key, `isn't set here: ${value.slice(4)}.`))];
}

/** With its path already absolute. */
export function checkMetricsFolder(metrics: MetricsSettings | undefined): Finding[] {
  if (metrics?.file === undefined || isA(dirname(metrics.file), "directory")) return [];
  const path = ["metrics", "file"];
  return [
    { path, message: `${formatPath(path)} is in no folder of this machine: ${dirname(metrics.file)}.` },
  ];
}

type Say = (key: (string | number)[], sentence: string) => Finding[];

/** For a job whose paths are already absolute. */
export function checkFiles(job: JobSpec, index: number): Finding[] {
  if (job.service) return [];
  const path = ["jobs", index];
  const say: Say = (key, sentence) => [
    { path: [...path, ...key], message: `${formatPath([...path, ...key])} ${sentence}` },
  ];
  const cwd = job.cwd as string;
  if (!isA(cwd, "directory"))
    return say(job.cwd === undefined ? [] : ["cwd"], `is not a folder on this machine: ${cwd}.`);
  const found = [];
  if (job.envFile !== undefined && !isA(job.envFile, "file"))
    found.push(...say(["envFile"], `is missing: ${job.envFile}.`));
  else if (job.envFile !== undefined) {
    const named = namedDevices(namesIn(job.envFile));
    if (named !== null) found.push(...say(["envFile"], named));
  }
  const contained = containerCommandOf(job);
  const program = resolveCommand(contained ? { command: [contained.program] } : job, cwd);
  const named = job.container ? ["container", "engine"] : ["command", 0];
  if (!program.ok) found.push(...say(named, `can't be run here: ${program.reason}.`));
  return contained ? found : [...found, ...checkScript(job, cwd, say)];
}

function checkScript(job: JobSpec, cwd: string, say: Say): Finding[] {
  const script = job.command.findIndex((word, i) => i > 0 && !word.startsWith("-"));
  const named = job.command[script];
  if (INTERPRETERS.test(basename(job.command[0] as string)) && named !== undefined && SCRIPT.test(named)) {
    const file = resolve(cwd, named);
    if (!isA(file, "file")) return say(["command", script], `is missing: ${file}.`);
  }
  return [];
}

/** The names that an environment file sets; empty where it can't be read. */
function namesIn(path: string): string[] {
  try {
    return Object.keys(parseEnv(readFileSync(path, "utf8")));
  } catch {
    return [];
  }
}

function isA(path: string, kind: "file" | "directory"): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return (kind === "file" ? stat?.isFile() : stat?.isDirectory()) ?? false;
}
