/** One run's part of its job's log: between the line that begins it and the one that begins the next. */

import { misuse } from "../../refusal.ts";
import { runBegunBy } from "../../runs/launch/log-line.ts";
import { list } from "../../words/list.ts";
import { LogLines } from "./log-lines.ts";
import { bytesFrom, type Part } from "./log-parts.ts";

/** The last `count` lines of run `run`. Throws Refusal where the log holds no such run. */
export function linesOfRun(job: string, parts: Part[], run: number, count: number): string[] {
  const held = new Set<number>();
  let lines: string[] = [];
  let at: number | null = null;
  const reader = new LogLines((line) => {
    const begun = runBegunBy(line);
    if (begun !== null) {
      at = begun;
      held.add(begun);
      // An earlier job of that name may have had a run of that number.
      if (begun === run) lines = [];
    }
    if (at !== run) return;
    lines.push(line);
    if (lines.length > 2 * count) lines = lines.slice(-count);
  });
  for (const bytes of bytesFrom(parts, { part: 0, at: 0 })) reader.push(bytes);
  reader.end();
  if (!held.has(run)) throw misuse(noSuchRun(job, run, [...held]));
  return count === 0 ? [] : lines.slice(-count);
}

function noSuchRun(job: string, run: number, held: number[]): string {
  const none = `The log of '${job}' holds nothing of run ${run}.`;
  if (held.length === 0) return none;
  return `${none} It holds run ${held.length > 5 ? `${Math.min(...held)} to ${Math.max(...held)}` : list(held.map(String))}.`;
}
