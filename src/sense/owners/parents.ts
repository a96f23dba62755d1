/** Walks up the process tree. Lookups at different times may contradict each other, so walks are bounded. */
import type { ProcessStat } from "../proc/parse.ts";

/** Deeper than any real tree; ends a walk where parents form a cycle. */
export const MOST_PARENTS = 64;

/** Looks up a process by pid, in a table or in /proc. */
export type StatOf = (pid: number) => ProcessStat | null | undefined;

/** Nearest parent first, pid 1 last; ends at the first that isn't found. */
export function* parentsOf(stat: ProcessStat, statOf: StatOf): Generator<ProcessStat> {
  let parent = statOf(stat.parent);
  for (let hops = 0; parent && hops < MOST_PARENTS; hops++) {
    yield parent;
    parent = statOf(parent.parent);
  }
}
