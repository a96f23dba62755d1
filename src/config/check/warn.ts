/**
 * Doubts about a valid config: rules that would pause a job for its own work, or whose pauses never end; jobs that
 * can't be paused; windows too short to get anything done. Pure except for the time zone tables; never a reason to
 * refuse a config.
 */

import { Cron } from "croner";
import { MEASURES } from "../../decide/rules/measures.ts";
import { savesBy } from "../../model/job.ts";
import { duration } from "../../words/duration.ts";
import { list } from "../../words/list.ts";
import { formatPath } from "../problem.ts";
import type { ConfigFile, Rule, Window } from "../schema/schema.ts";
import type { Finding } from "./explain.ts";
import { forAShell } from "./jobs/command-doubts.ts";
import { unseenSaves } from "./jobs/pause-doubts.ts";
import { ruleWarnings } from "./rule-doubts.ts";

/** A window shorter than this mostly loads and saves. */
const SHORT_WINDOW_MINUTES = 10;
/** Enough occurrences to cover the different weekdays of a week. */
const LOOK_AHEAD = 10;

/** `memoryMiB`: what this machine has. */
export function warnings(
  config: ConfigFile & { rules: Rule[] },
  nowMs: number,
  memoryMiB: number,
): Finding[] {
  const rules = config.rules.flatMap((rule, i) => ruleWarnings(rule, ["rules", i], memoryMiB));
  const jobs = config.jobs.flatMap((job, i) => [
    ...parkDoubts(job, config.rules, ["jobs", i, "pause", "method"]),
    ...unseenSaves(job, ["jobs", i]),
    ...forAShell(job, ["jobs", i]),
  ]);
  const windows = config.windows.flatMap((window, i) => windowWarnings(window, ["windows", i], nowMs));
  return [...rules, ...jobs, ...windows];
}

/** Rules about host memory that can't pause a job, since it would be parked in that very memory. */
function parkDoubts(job: ConfigFile["jobs"][number], rules: Rule[], path: (string | number)[]): Finding[] {
  if (job.pause.method !== "park" || savesBy({ spec: job, understands: null, checkpoint: null }) !== null)
    return [];
  const names = rules
    .filter(({ metric, action, jobs }) => {
      const acts = action !== "notify" && (jobs === undefined || jobs.includes(job.name));
      return acts && MEASURES[metric].relieves === "memory";
    })
    .map(({ name }) => `'${name}'`);
  if (names.length === 0) return [];
  const text = `takes host memory, so ${list(names)} can't pause this job unless it is found to save checkpoints.`;
  return [{ path, message: `${formatPath(path)} "park" ${text}` }];
}

function windowWarnings(window: Window, path: (string | number)[], nowMs: number): Finding[] {
  const spans = openSpansMinutes(window, nowMs);
  if (spans.length === 0) {
    return [{ path, message: `${formatPath(path)} never opens: it closes whenever it opens.` }];
  }
  const shortest = Math.min(...spans);
  if (shortest >= SHORT_WINDOW_MINUTES) return [];
  return [
    {
      path,
      message: `${formatPath(path)} is open for only ${duration(shortest * 60_000)} at a time: little more than a job needs to load and to save.`,
    },
  ];
}

/** How long the window is open at each of its next few occurrences; a close at the same moment wins. */
function openSpansMinutes({ opens, closes, timezone }: Window, nowMs: number): number[] {
  const options = timezone === undefined ? {} : { timezone };
  const closing = new Cron(closes, options);
  return new Cron(opens, options).nextRuns(LOOK_AHEAD, new Date(nowMs)).flatMap((from) => {
    // croner excludes its exact starting point: starting one millisecond earlier includes it.
    const until = closing.nextRun(new Date(from.getTime() - 1));
    if (until === null) return [];
    const minutes = Math.round((until.getTime() - from.getTime()) / 60_000);
    return minutes === 0 ? [] : [minutes];
  });
}
