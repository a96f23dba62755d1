/**
 * CPU time used between two looks at a set of processes, each process with what its waited-for
 * children used. Pure. Time that can't be followed to a process is left out, never guessed.
 */
import { parentsOf } from "../owners/parents.ts";
import type { ProcessStat } from "../proc/parse.ts";

export type ProcessTable = ReadonlyMap<number, ProcessStat>;

/** The same process in the other look: a pid that was given to somebody else is not. */
export function same(table: ProcessTable, stat: ProcessStat): ProcessStat | undefined {
  const other = table.get(stat.pid);
  return other?.startTime === stat.startTime ? other : undefined;
}

/**
 * Ticks per pid of `after`. A child that ended in between passes all its time, also what it used
 * before, to the process that waited for it; that part is taken off again. `isNew` tells whether a
 * process that only `after` has began in between; otherwise its time isn't of this span.
 * `countsReaped` false leaves a process's waited-for children out.
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

/** What ended processes had used by the first look, by the nearest ancestor that still lives. */
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
