/** `logs JOB`: prints what a job has written, from its log files. Needs no supervisor; with one, `-f` ends with the job. */
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Places } from "../../../config/places.ts";
import { logPath } from "../../../files/state-paths.ts";
import { misuse } from "../../../refusal.ts";
import { JobEnd } from "../../logs/job-end.ts";
import { EARLIER, linesOfRun } from "../../logs/lines-of-run.ts";
import { LogLines } from "../../logs/log-lines.ts";
import { bytesFrom, closeParts, openParts, type Part, startOfLast } from "../../logs/log-parts.ts";
import { showLog } from "../../logs/show-log.ts";
import { type Following, untilEnd } from "../../logs/until-end.ts";
import { configuredJobs, jobsNamed, noSuchJob } from "../../named-jobs.ts";
import { say } from "../../print.ts";
import {
  type Options,
  placesOf,
  runningElsewhere,
  sayWhich,
  snapshotOf,
  tryConnect,
} from "../../supervisors/connect.ts";
import { ended } from "../jobs/wait.ts";

const LINES = 50;

export interface LogsOptions extends Options {
  follow?: boolean;
  keep?: boolean;
  lines?: string;
  run?: string;
}

/** With `-f` resolves with how the job ended: 0 where it finished, 1 otherwise. */
export async function logs(job: string, options: LogsOptions): Promise<number> {
  const lines = wholeNumber(options.lines, "-n");
  const run = wholeNumber(options.run, "--run");
  if (run !== undefined && options.follow) throw misuse("Give --run or -f, not both.");
  if (options.keep && !options.follow) throw misuse("--keep goes with -f.");
  const places = await placesOf(options);
  const path = logPath(places.stateDirectory, job);
  const parts = job.includes("/") ? [] : openParts(path);
  if (parts.length === 0) await mustBeToCome(job, path, options);
  sayWhich(places, options);
  const shown = showLog(job, options.json ?? false);
  if (run !== undefined) {
    const asked = { run, count: lines ?? Number.POSITIVE_INFINITY };
    const found = linesOfRun(job, parts, asked, places.database);
    if (found.isCut) say(`The beginning of run ${run} was rotated away.`);
    if (found.recounted === "it is earlier") say(`This is run ${run} ${EARLIER}.`);
    if (found.recounted === "there is an earlier one")
      say(`The log holds another run ${run}, too, ${EARLIER}: supervisor logs ${job} -n LINES`);
    for (const line of found.lines) shown.line(line);
    return 0;
  }
  const reader = new LogLines(shown.line);
  for (const bytes of bytesFrom(parts, startOfLast(parts, lines ?? LINES))) reader.push(bytes);
  if (options.follow) return follow({ job, path, parts, shown, reader }, options);
  reader.end();
  return 0;
}

function wholeNumber(text: string | undefined, option: string): number | undefined {
  if (text === undefined || /^\d+$/.test(text)) return text === undefined ? undefined : Number(text);
  throw misuse(`${option} must be a whole number, got '${text}'.`);
}

/** A job that hasn't written anything is waited for by `-f`; any other name is a mistake. */
async function mustBeToCome(job: string, path: string, options: LogsOptions): Promise<void> {
  const places = await placesOf(options);
  const client = await tryConnect(places);
  if (client === null) mustBeConfigured(job, dirname(path), places);
  try {
    if (client !== null) jobsNamed([job], (await snapshotOf(client)).jobs);
  } finally {
    client?.close();
  }
  say(`'${job}' has written nothing yet.`);
}

/** No supervisor runs that could know more. */
function mustBeConfigured(job: string, directory: string, places: Places): void {
  const configured = places.file === null ? [] : configuredJobs(places.file);
  if (configured.includes(job)) return;
  const known = [...new Set([...configured, ...jobsWithLogs(directory)])];
  throw misuse([noSuchJob(job, known), runningElsewhere(places)].filter((line) => line !== null).join("\n"));
}

function jobsWithLogs(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".log"))
      .map((name) => name.slice(0, -4));
  } catch {
    return [];
  }
}

async function follow(
  following: { job: string; path: string; parts: Part[] } & Pick<Following, "shown" | "reader">,
  options: LogsOptions,
): Promise<number> {
  const { parts, ...rest } = following;
  const part = parts.pop() ?? null;
  const before = parts.at(-1) ?? null;
  closeParts(parts);
  const client = options.keep ? null : await tryConnect(await placesOf(options), true);
  if (client === null && !options.keep)
    say("No supervisor is running to report the job's end: press Ctrl-C to stop.");
  const end = client === null ? null : new JobEnd(client, rest.job, ended);
  try {
    await untilEnd({ ...rest, part, before }, end, options.json ?? false);
    return end?.outcome?.end === "good" ? 0 : 1;
  } finally {
    end?.close();
  }
}
