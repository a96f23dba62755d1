/** One run's part of its job's log: between the line that begins it and the one that begins the next. */

import { isThere } from "../../files/is-there.ts";
import { readRuns } from "../../record/read.ts";
import { misuse } from "../../refusal.ts";
import { runBegunBy, runEndedBy } from "../../runs/launch/log-line.ts";
import { list } from "../../words/list.ts";
import { LogLines } from "./log-lines.ts";
import { bytesFrom, type Part } from "./log-parts.ts";

export interface RunLines {
  lines: string[];
  /** The line that begins the run is gone, and what followed it. */
  isCut: boolean;
  /** Of a job whose runs were counted anew since: it is an earlier run, or there is an earlier one of its number, too. */
  recounted: "it is earlier" | "there is an earlier one" | null;
}

/**
 * The last `count` lines of run `run`. `database`: it tells whose lines they are where the log names no run at all.
 * Throws Refusal where the log holds no such run, DatabaseError where the database can't be read.
 */
export function linesOfRun(
  job: string,
  parts: Part[],
  { run, count }: { run: number; count: number },
  database: string,
): RunLines {
  // A job that was removed and added again begins at run 1: one set for each count.
  const counts = [new Set<number>()];
  const held = (): Set<number> => counts.at(-1) as Set<number>;
  let lines: string[] = [];
  let isCut = false;
  // Null before the first line that names a run: what comes before it is the rest of one, if anything is.
  let at: number | null = null;
  const headIsOf = (head: number): void => {
    at = head;
    isCut = head === run;
    if (head > 0) held().add(head);
    if (!isCut) lines = [];
  };
  const reader = new LogLines((line) => {
    const begun = runBegunBy(line);
    const named = runEndedBy(line) ?? (begun === null || lines.length === 0 ? null : begun - 1);
    if (at === null && named !== null) headIsOf(named);
    if (begun !== null) {
      at = begun;
      if (begun <= Math.max(0, ...held())) counts.push(new Set());
      held().add(begun);
      if (begun === run) [lines, isCut] = [[], false];
    }
    if (at !== null && at !== run) return;
    lines.push(line);
    if (lines.length > 2 * count) lines = lines.slice(-count);
  });
  for (const bytes of bytesFrom(parts, { part: 0, at: 0 })) reader.push(bytes);
  reader.end();
  if (at === null && lines.length > 0) headIsOf(newestRun(database, job));
  const before = new Set(counts.slice(0, -1).flatMap((one) => [...one]));
  const now = held();
  if (!now.has(run) && !before.has(run)) throw misuse(noSuchRun(job, run, now, before));
  const recounted = !now.has(run) ? "it is earlier" : before.has(run) ? "there is an earlier one" : null;
  return { lines: count === 0 ? [] : lines.slice(-count), isCut, recounted };
}

/** 0 where none is recorded. */
function newestRun(database: string, job: string): number {
  const [newest] = isThere(database) ? [...readRuns(database, { job, limit: 1 })] : [];
  return newest?.number ?? 0;
}

function noSuchRun(job: string, run: number, now: Set<number>, before: Set<number>): string {
  const none = `The log of '${job}' holds nothing of run ${run}.`;
  if (now.size === 0) return none;
  const earlier = before.size === 0 ? "" : `, and run ${numbers(before)} ${EARLIER}`;
  return `${none} It holds run ${numbers(now)}${earlier}.`;
}

/** Goes on from a run's number. */
export const EARLIER = "from before its runs were counted anew";

const numbers = (held: Set<number>): string =>
  held.size > 5
    ? `${Math.min(...held)} to ${Math.max(...held)}`
    : list([...held].sort((a, b) => a - b).map(String));
