/**
 * CPU time used between two looks at a set of processes; each process includes the children it reaped.
 * Pure. Time that can't be traced to a process is left out, never guessed.
 */
import { parentsOf } from "../owners/parents.ts";
import type { ProcessStat } from "../proc/parse.ts";

export type ProcessTable = ReadonlyMap<number, ProcessStat>;

/** The same process in the other look; undefined where its pid is another process's. */
export function same(table: ProcessTable, stat: ProcessStat): ProcessStat | undefined {
  const other = table.get(stat.pid);
  return other?.startTime === stat.startTime ? other : undefined;
}

/**
 * Ticks per pid of `after`. A child that ends in between passes all of its time to the process that reaps
 * it, what it used before included; that part is subtracted. `isNew`: whether a process that only `after`
 * has started in between; if not, its time is from before. `countsReaped` false leaves out the children
 * that a process reaped.
 */
export function ticksBetween(
  before: ProcessTable,
  after: ProcessTable,
  isNew: (stat: ProcessStat) => boolean,
  countsReaped: (stat: ProcessStat) => boolean,
): Map<number, number> {
  const ended = timeOfEnded(before, after);
  const ticks = new Map<number, number>();
  for (const [pid, stat] of after) {
    const earlier = same(before, stat);
    const counted = countsReaped(stat);
    let used = 0;
    if (earlier) {
      const reaped = stat.reaped - earlier.reaped - (ended.get(pid) ?? 0);
      used = Math.max(0, stat.own - earlier.own) + (counted ? Math.max(0, reaped) : 0);
    } else if (isNew(stat)) {
      used = stat.own + (counted ? stat.reaped : 0);
    }
    if (used > 0) ticks.set(pid, used);
  }
  return ticks;
}

/** What processes that have ended had used by the first look, by nearest living ancestor. */
function timeOfEnded(before: ProcessTable, after: ProcessTable): Map<number, number> {
  const ended = new Map<number, number>();
  for (const stat of before.values()) {
    if (same(after, stat)) continue;
    for (const heir of parentsOf(stat, (pid) => before.get(pid))) {
      if (!same(after, heir)) continue;
      ended.set(heir.pid, (ended.get(heir.pid) ?? 0) + stat.own + stat.reaped);
      break;
    }
  }
  return ended;
}

export const sum = (ticks: Iterable<number>): number => {
  let all = 0;
  for (const one of ticks) all += one;
  return all;
};
