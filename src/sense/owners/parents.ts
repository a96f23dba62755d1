/** Up the tree of processes. Lookups of several moments may contradict each other, so no walk is endless. */
import type { ProcessStat } from "../proc/parse.ts";

/** Deeper than any real tree, and soon over where parents form a circle. */
export const MOST_PARENTS = 64;

/** The process of a pid, in a table or in /proc. */
export type StatOf = (pid: number) => ProcessStat | null | undefined;

/** The nearest parent first, pid 1 last; ends at the first that can't be found. */
export function* parentsOf(stat: ProcessStat, statOf: StatOf): Generator<ProcessStat> {
  let parent = statOf(stat.parent);
  for (let hops = 0; parent && hops < MOST_PARENTS; hops++) {
    yield parent;
    parent = statOf(parent.parent);
  }
}
