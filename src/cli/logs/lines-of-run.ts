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
  const held = new Set<number>();
  let lines: string[] = [];
  let isCut = false;
  // Null before the first line that names a run: what comes before it is the rest of one, if anything is.
  let at: number | null = null;
  const headIsOf = (head: number): void => {
    at = head;
    isCut = head === run;
    if (head > 0) held.add(head);
    if (!isCut) lines = [];
  };
  const reader = new LogLines((line) => {
    const begun = runBegunBy(line);
    const named = runEndedBy(line) ?? (begun === null || lines.length === 0 ? null : begun - 1);
    if (at === null && named !== null) headIsOf(named);
    if (begun !== null) {
      at = begun;
      held.add(begun);
      // An earlier job of that name may have had a run of that number.
      if (begun === run) [lines, isCut] = [[], false];
    }
    if (at !== null && at !== run) return;
    lines.push(line);
    if (lines.length > 2 * count) lines = lines.slice(-count);
  });
  for (const bytes of bytesFrom(parts, { part: 0, at: 0 })) reader.push(bytes);
  reader.end();
  if (at === null && lines.length > 0) headIsOf(newestRun(database, job));
  if (!held.has(run)) throw misuse(noSuchRun(job, run, [...held]));
  return { lines: count === 0 ? [] : lines.slice(-count), isCut };
}

/** 0 where none is recorded. */
function newestRun(database: string, job: string): number {
  const [newest] = isThere(database) ? [...readRuns(database, { job, limit: 1 })] : [];
  return newest?.number ?? 0;
}

function noSuchRun(job: string, run: number, held: number[]): string {
  const none = `The log of '${job}' holds nothing of run ${run}.`;
  if (held.length === 0) return none;
  return `${none} It holds run ${held.length > 5 ? `${Math.min(...held)} to ${Math.max(...held)}` : list(held.map(String))}.`;
}
