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
import { unseenSaves } from "./jobs/pause-doubts.ts";

/** Metrics that contain the job's own use, and what to watch instead. */
const COUNTS_OURSELVES: Record<string, { above: boolean; instead: string }> = {
  "cpu.total": { above: true, instead: "cpu.others" },
  "pressure.cpu.some": { above: true, instead: "cpu.others" },
  "pressure.cpu.full": { above: true, instead: "cpu.others" },
  "gpu.utilization": { above: true, instead: "gpu.others.utilization" },
  "gpu.memory.freeMiB": { above: false, instead: "gpu.newcomers.memoryMiB" },
};

/** A window shorter than this mostly loads and saves. */
const SHORT_WINDOW_MINUTES = 10;
/** Enough occurrences to cover the different weekdays of a week. */
const LOOK_AHEAD = 10;

export function warnings(config: ConfigFile & { rules: Rule[] }, nowMs: number): Finding[] {
  const rules = config.rules.flatMap((rule, i) => ruleWarnings(rule, ["rules", i]));
  const jobs = config.jobs.flatMap((job, i) => [
    ...parkDoubts(job, config.rules, ["jobs", i, "pause", "method"]),
    ...unseenSaves(job, ["jobs", i]),
  ]);
  const windows = config.windows.flatMap((window, i) => windowWarnings(window, ["windows", i], nowMs));
  return [...rules, ...jobs, ...windows];
}

/** A doubt about one key of a rule. */
type Doubt = [key: string, sentence: string];

function ruleWarnings(rule: Rule, path: (string | number)[]): Finding[] {
  return [...pointless(rule), ...unreachable(rule), ...gapless(rule)].map(([key, sentence]) => {
    const here = [...path, ...key.split(".")];
    return { path: here, message: `${formatPath(here)} ${sentence}` };
  });
}

/** Pauses that the job's own use would cause, or that would free nothing. */
function pointless({ metric, above, action }: Rule): Doubt[] {
  const found: Doubt[] = [];
  const own = COUNTS_OURSELVES[metric];
  if (own !== undefined && own.above === (above !== undefined) && action !== "notify")
    found.push([
      "metric",
      `counts the job's own use, so this rule would pause a job for its own work. Use "${own.instead}".`,
    ]);
  if (action === "freeze" && /memory|swap|disk/i.test(metric) && !metric.startsWith("pressure"))
    found.push(["action", `can't help: a frozen job keeps its memory. Use "pause".`]);
  return found;
}

function unreachable({ metric, above, below, clear }: Rule): Doubt[] {
  const { least, most } = range(metric);
  const found: Doubt[] = [];
  if (above !== undefined && above >= most)
    found.push(["above", `can't be reached: ${metric} is at most ${most}.`]);
  if (below !== undefined && below <= least)
    found.push(["below", `can't be reached: ${metric} is at least ${least}.`]);
  const never = "can't be reached, so what this rule pauses would stay paused";
  if (clear.below !== undefined && clear.below <= least)
    found.push(["clear.below", `${never}: ${metric} is at least ${least}.`]);
  if (clear.above !== undefined && clear.above >= most)
    found.push(["clear.above", `${never}: ${metric} is at most ${most}.`]);
  return found;
}

/** Without hysteresis a reading near the threshold flaps. */
function gapless({ above, below, clear, action }: Rule): Doubt[] {
  const clears = clear.above ?? clear.below;
  if (clears !== (below ?? above) || clear.forSeconds >= 5 || action === "notify") return [];
  return [
    [
      "clear",
      `leaves no hysteresis: a reading near ${clears} would pause and resume over and over. Move the two apart, or make 'clear.forSeconds' longer.`,
    ],
  ];
}

function range(metric: string): { least: number; most: number } {
  if (metric === "gpu.temperature") return { least: -50, most: 150 };
  if (metric === "gpu.throttled") return { least: 0, most: 1 };
  const percent = /^(cpu|pressure)\.|[pP]ercent$|\.utilization$|\.idle$/.test(metric);
  return { least: 0, most: percent ? 100 : Infinity };
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
