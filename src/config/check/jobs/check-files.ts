/**
 * What a job needs and this machine lacks right now: folder, program, script, environment file.
 * Only warnings, since files come and go; checks names only, those in an environment file included, and runs
 * nothing.
 */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { parseEnv } from "node:util";
import { isAbsent, systemCode } from "../../../contract/system-code.ts";
import { containerCommandOf } from "../../../files/container-command.ts";
import { resolveCommand } from "../../../files/resolve-command.ts";
import { formatPath } from "../../problem.ts";
import type { JobSpec } from "../../schema/job-schema.ts";
import type { MetricsSettings, Notify } from "../../schema/schema.ts";
import type { Finding } from "../explain.ts";
import { argvFor } from "../suggest.ts";
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
  if (metrics?.file === undefined) return [];
  const wrong = unless("directory", dirname(metrics.file), "is in no folder of this machine");
  const path = ["metrics", "file"];
  return wrong === null ? [] : [{ path, message: `${formatPath(path)} ${wrong}` }];
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
  const noFolder = unless("directory", cwd, "is not a folder on this machine");
  if (noFolder !== null) return say(job.cwd === undefined ? [] : ["cwd"], noFolder);
  const found = [];
  const noFile = job.envFile === undefined ? null : unless("file", job.envFile, "is missing");
  if (noFile !== null) found.push(...say(["envFile"], noFile));
  else if (job.envFile !== undefined) {
    const named = namedDevices(namesIn(job.envFile));
    if (named !== null) found.push(...say(["envFile"], named));
  }
  const contained = containerCommandOf(job);
  const program = resolveCommand(contained ? { command: [contained.program] } : job, cwd);
  const named = job.container ? ["container", "engine"] : ["command", 0];
  if (!program.ok) found.push(...say(named, `can't be run here: ${program.reason}.${meant(job.command)}`));
  return contained ? found : [...found, ...checkScript(job, cwd, say)];
}

function checkScript(job: JobSpec, cwd: string, say: Say): Finding[] {
  const script = job.command.findIndex((word, i) => i > 0 && !word.startsWith("-"));
  const named = job.command[script];
  if (INTERPRETERS.test(basename(job.command[0] as string)) && named !== undefined && SCRIPT.test(named)) {
    const wrong = unless("file", resolve(cwd, named), "is missing");
    if (wrong !== null) return say(["command", script], `${wrong}${meant([named])}`);
  }
  return [];
}

/** To follow a sentence about the first of `words`, which isn't there: what to write instead, where that can be known. */
function meant([first = "", ...more]: readonly string[]): string {
  if (first.startsWith("~/")) return " No shell expands '~/' in a command: write the path in full.";
  return /\s/.test(first) && more.length === 0 ? ` Write ${JSON.stringify(argvFor(first))}.` : "";
}

/** The names that an environment file sets; empty where it can't be read. */
function namesIn(path: string): string[] {
  try {
    return Object.keys(parseEnv(readFileSync(path, "utf8")));
  } catch {
    return [];
  }
}

/** What to say where there is no such thing at `path`: `absent`, or that it can't be looked at. Null where there is one. */
function unless(kind: "file" | "directory", path: string, absent: string): string | null {
  try {
    const stat = statSync(path);
    if (kind === "file" ? stat.isFile() : stat.isDirectory()) return null;
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    if (!isAbsent(error)) return `can't be looked at (${code}): ${path}.`;
  }
  return `${absent}: ${path}.`;
}
