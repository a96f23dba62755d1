/**
 * A config file → a checked config with every default filled in and every path absolute, or all of its
 * problems at once, each with its place and, where it can be known, its fix. Never throws, never takes
 * a guess for a value, and writes nothing.
 */
import { readFileSync, statSync } from "node:fs";
import { totalmem } from "node:os";
import { wallMs } from "../clock.ts";
import { runningFor } from "../files/supervisors.ts";
import { OURS_IDLE } from "../model/machine.ts";
import { Refusal } from "../refusal.ts";
import { checkMeaning } from "./check/check-meaning.ts";
import { explain, type Finding } from "./check/explain.ts";
import { checkFiles, checkMetricsFolder, checkNotify } from "./check/jobs/check-files.ts";
import { warnings } from "./check/warn.ts";
import { type ParsedText, parseText } from "./parse-text.ts";
import { absolute, placesFor } from "./places.ts";
import { formatPath, type Problem } from "./problem.ts";
import { projectOf } from "./project.ts";
import { DEFAULT_RULES } from "./schema/defaults.ts";
import type { JobSpec } from "./schema/job-schema.ts";
import {
  type Config,
  type ConfigFile,
  configSchema,
  type MetricsSettings,
  type Notify,
  type Rule,
} from "./schema/schema.ts";
import type { Tariff } from "./schema/tariff-schema.ts";

export type Loaded = { ok: true; config: Config; warnings: Problem[] } | { ok: false; problems: Problem[] };

/** Far more than thousands of jobs need. */
const LARGEST_FILE_BYTES = 4 * 1024 * 1024;

/** `path` null: the built-in defaults, without jobs. Problems name the file as it was given. */
export function loadConfig(path: string | null): Loaded {
  if (path === null) return checkText("{}", null);
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > LARGEST_FILE_BYTES) return unreadable(path, `is larger than ${LARGEST_FILE_BYTES} bytes`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return unreadable(path, gone(path));
    return unreadable(path, code === "EISDIR" ? "is a folder, not a file" : `can't be read: ${message}`);
  }
  return checkText(text, path);
}

/** Another one written in its place would be applied to the jobs that run by it. */
function gone(path: string): string {
  const running = runningFor(projectOf(path));
  if (running === null) return "does not exist. Write one: supervisor init";
  return `is gone, and the supervisor with pid ${running.pid} still runs by what it said. Put it back, or: supervisor stop`;
}

/** Like `loadConfig`, from the text itself; `file` sets the base of relative paths. */
export function checkText(text: string, file: string | null): Loaded {
  const parsed = parseText(text);
  if (parsed.problems.length > 0)
    return { ok: false, problems: parsed.problems.map((one) => placed(one, file)) };
  const root = parsed.value;
  const checked = configSchema.safeParse(root);
  const found = checkMeaning(root);
  const told = new Set(found.map(({ path }) => formatPath(path)));
  for (const issue of checked.error?.issues ?? []) {
    // A refinement in the schema repeats in brief what was just explained.
    if (issue.code === "custom" && told.has(formatPath(issue.path as (string | number)[]))) continue;
    found.push(...explain(issue, root));
  }
  if (!checked.success || found.length > 0) return { ok: false, problems: locate(found, parsed, file) };
  const config = completed(checked.data, file);
  if (config instanceof Refusal) return unreadable(file, config.message);
  const notify = config.notify.flatMap((one, i) => checkNotify(one, i, config.directory));
  const places = [...config.jobs.flatMap(checkFiles), ...checkMetricsFolder(config.metrics)];
  const doubts = [...warnings(config, wallMs(), Math.floor(totalmem() / 2 ** 20)), ...places, ...notify];
  return { ok: true, config, warnings: locate(doubts, parsed, file) };
}

function completed(written: ConfigFile, file: string | null): Config | Refusal {
  try {
    return complete(written, file);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function complete(written: ConfigFile, file: string | null): Config {
  const places = placesFor(file, written);
  const jobs = written.jobs.map((job) => completeJob(job, places.directory));
  const notify = written.notify.map((one) => completeNotify(one, places.directory));
  const metrics = written.metrics && completeMetrics(written.metrics, places.directory);
  const tariff = written.tariff && completeTariff(written.tariff, places.directory);
  return {
    ...written,
    ...places,
    rules: written.rules?.map(completeRule) ?? DEFAULT_RULES,
    jobs,
    notify,
    ...(metrics && { metrics }),
    tariff,
  };
}

/** A job that leaves its GPU unused is told of: a pause would only have it idle again later. */
const completeRule = (rule: Rule): Rule => (rule.metric === OURS_IDLE ? { ...rule, action: "notify" } : rule);

/** A command given as a path is relative to the config file; a bare name is looked up in PATH. */
function completeNotify(one: Notify, directory: string): Notify {
  return one.command === undefined ? one : { ...one, command: completeCommand(one.command, directory) };
}

function completeTariff(tariff: Tariff, directory: string): Tariff {
  const { file, command } = tariff;
  return {
    ...tariff,
    ...(file !== undefined && { file: absolute(file, directory) }),
    ...(command !== undefined && { command: completeCommand(command, directory) }),
  };
}

function completeCommand(command: string[], directory: string): string[] {
  const [program = "", ...args] = command;
  return program.includes("/") ? [absolute(program, directory), ...args] : command;
}

const completeMetrics = (metrics: MetricsSettings, directory: string): MetricsSettings =>
  metrics.file === undefined ? metrics : { ...metrics, file: absolute(metrics.file, directory) };

/** The job with every path absolute; relative paths start from `directory`. */
function completeJob(job: JobSpec, directory: string): JobSpec {
  const cwd = absolute(job.cwd ?? ".", directory);
  return {
    ...job,
    cwd,
    ...(job.envFile !== undefined && { envFile: absolute(job.envFile, directory) }),
    // A bare name is looked up in PATH when the job starts.
    ...(job.python?.includes("/") && { python: absolute(job.python, directory) }),
  };
}

function locate(found: Finding[], parsed: ParsedText, file: string | null): Problem[] {
  return found
    .map((one) => placed({ ...one, ...parsed.locate(one.path, one.part) }, file))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function placed(one: Finding & { line: number; column: number }, file: string | null): Problem {
  const { line, column, message } = one;
  // The built-in defaults have no text for a person to read.
  const place = file === null ? { line: null, column: null } : { line, column };
  return { file, ...place, path: formatPath(one.path), message };
}

function unreadable(file: string | null, reason: string): Loaded {
  return { ok: false, problems: [{ file, line: null, column: null, path: "", message: reason }] };
}
