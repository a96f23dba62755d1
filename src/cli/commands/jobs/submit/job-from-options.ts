/**
 * A job from options: what `run` and `add` are told of it, and what `run` takes from this shell; checked as one of a
 * config is.
 */
import { resolve } from "node:path";
import { wallMs } from "../../../../clock.ts";
import { checkMeaning } from "../../../../config/check/check-meaning.ts";
import { explain } from "../../../../config/check/explain.ts";
import { placementBy } from "../../../../config/check/jobs/device-environment.ts";
import { type JobSpec, jobSchema } from "../../../../config/schema/job-schema.ts";
import { misuse } from "../../../../refusal.ts";
import { durationMs, timeMs } from "../../../parse-time.ts";
import type { Options } from "../../../supervisors/connect.ts";

/** Of the job itself. */
export interface JobOptions extends Options {
  name?: string;
  cwd?: string;
  priority?: string;
  gpus?: string;
  gpu?: string[];
  gpuMemory?: string;
  env?: string[];
  pauseMethod?: string;
  pauseSignal?: string;
  grace?: string;
  onTimeout?: string;
  checkpointGlob?: string;
  resumeArgs?: string;
  after?: string;
  afterAny?: string;
  at?: string;
}

export interface RunOptions extends JobOptions {
  adopt?: boolean;
  wait?: boolean;
  follow?: boolean;
}

/**
 * Variables that decide which program and which libraries are found: part of the job, so that its checks see
 * them. This shell's others go along in a file, since they may hold secrets, and the job is in the database.
 */
const PASSED_ON = [
  "PATH",
  "VIRTUAL_ENV",
  "CONDA_PREFIX",
  "CONDA_DEFAULT_ENV",
  "PYTHONPATH",
  "LD_LIBRARY_PATH",
  "CUDA_HOME",
  "OMP_NUM_THREADS",
];

/** Absolute. */
export const folderOf = ({ cwd }: JobOptions): string => resolve(cwd ?? ".");

/** @throws Refusal (bad usage) that names every problem */
export function jobFrom(
  name: string,
  command: string[],
  env: Record<string, string>,
  options: RunOptions,
): JobSpec {
  const checked = checkedJob({
    name,
    command,
    cwd: folderOf(options),
    env,
    ...placementHere(options),
    ...settingsFrom(options),
  });
  // The names are those of the supervisor's jobs, which it looks up.
  return { ...checked, ...orderFrom(options) };
}

/** As a config has them, unchecked; those that aren't given are left out. @throws Refusal (bad usage) */
export function settingsFrom({ gpus, gpu, at, priority, ...options }: JobOptions): object {
  const pause = {
    ...(options.pauseMethod !== undefined && { method: options.pauseMethod }),
    ...(options.pauseSignal !== undefined && { signal: options.pauseSignal }),
    ...(options.grace !== undefined && { graceSeconds: durationMs(options.grace, "--grace") / 1000 }),
    ...(options.onTimeout !== undefined && { onTimeout: options.onTimeout }),
  };
  return {
    ...(gpus !== undefined && { gpus: numberOf(gpus) }),
    ...(gpu !== undefined && { gpuIds: gpu.map((one) => (/^\d+$/.test(one) ? Number(one) : one)) }),
    ...(at !== undefined && { notBefore: momentOf(at) }),
    ...(priority !== undefined && { priority: numberOf(priority) }),
    ...(options.gpuMemory !== undefined && { gpuMemoryMiB: memoryMiB(options.gpuMemory) }),
    ...(options.resumeArgs !== undefined && { resumeArgs: wordsOf(options.resumeArgs) }),
    ...(options.checkpointGlob !== undefined && { checkpoint: { glob: options.checkpointGlob } }),
    ...(Object.keys(pause).length > 0 && { pause }),
  };
}

/** What it starts after, by name. */
export function orderFrom(options: JobOptions): Pick<JobSpec, "after" | "afterAny"> {
  const [after, afterAny] = [namesIn(options.after), namesIn(options.afterAny)];
  return { ...(after && { after }), ...(afterAny && { afterAny }) };
}

/** @throws Refusal (bad usage) that names every problem of the job as written */
export function checkedJob(written: object): JobSpec {
  const checked = jobSchema.safeParse(written);
  const root = { jobs: [written] };
  const issues = (checked.error?.issues ?? []).map((issue) => ({
    ...issue,
    path: ["jobs", 0, ...issue.path],
  }));
  const found = [...checkMeaning(root), ...issues.flatMap((issue) => explain(issue, root))];
  if (!checked.success || found.length > 0) {
    throw misuse(found.map(({ message }) => message.replace(/^jobs\[0\]\.?/, "")).join("\n"));
  }
  return checked.data;
}

const momentOf = (text: string): string => new Date(timeMs(text, "--at", wallMs())).toISOString();

/** `prep,tokenize` */
const namesIn = (text: string | undefined): string[] | undefined =>
  text?.split(",").map((name) => name.trim());

/** This shell's own limit, which the supervisor doesn't have. */
function placementHere({ gpu, gpus }: JobOptions): object | null {
  const shell = process.env.CUDA_VISIBLE_DEVICES;
  return gpu === undefined && gpus === undefined && shell !== undefined ? placementBy(shell) : null;
}

/** What isn't one is left for the check to name. */
const numberOf = (text: string): number | string => (Number.isNaN(Number(text)) ? text : Number(text));

const UNITS_MIB: Record<string, number> = { "": 1, m: 1, g: 1024, t: 1024 * 1024 };

/** `20GiB`, `20G` or `20480` (MiB). */
function memoryMiB(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*(?:([mgt])i?b?)?$/i.exec(text) ?? [];
  const mib = Number(number) * (UNITS_MIB[unit.toLowerCase()] ?? Number.NaN);
  if (mib > 0) return mib;
  throw misuse(`--gpu-memory must be a size like 20GiB or 900MiB, got '${text}'.`);
}

/** As a shell would part them; quotes hold a word together, and nothing else is special. */
function wordsOf(text: string): string[] {
  const words = text.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  if (/['"]/.test(text.replace(/'[^']*'|"[^"]*"/g, "")))
    throw misuse(`--resume-args has a quote without its other end: ${text}`);
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, one, two) => one ?? two));
}

/** This shell's, then those of `--env`. */
export function environment(wanted: string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of PASSED_ON) if (process.env[name] !== undefined) env[name] = process.env[name];
  return { ...env, ...ownVariables(wanted) };
}

/** Those of `--env`: `NAME=value`, or `NAME` for this shell's own value. @throws Refusal (bad usage) */
export function ownVariables(wanted: string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const one of wanted) {
    const [name = "", ...value] = one.split("=");
    const text = value.length > 0 ? value.join("=") : process.env[name];
    if (name === "" || text === undefined)
      throw misuse(`--env must be NAME=value, or the NAME of a variable that is set, got '${one}'.`);
    env[name] = text;
  }
  return env;
}
