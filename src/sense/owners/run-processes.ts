/**
 * The processes of one run now, by the same marks that tell whose a process is: whom a freeze or a kill
 * reaches, and what is left of a run. Remembers nothing, so that it also serves runs that nobody followed.
 */
import type { LiveRun } from "../../ports/live-run.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { isDead, listPids, readChildren, readCommand, readStat } from "../proc/process.ts";
import { groupedIn, namedRun, rootsOf } from "./run-marks.ts";

export interface RunProcess {
  pid: number;
  startTime: number;
  /** As in /proc/PID/stat; `T` is stopped. */
  state: string;
  command: string;
}

/**
 * The living processes of a run, parents before their children, without the launcher: those in
 * its cgroup and in its launcher's tree. `scan` also looks at every process of the machine for the
 * run's id in its environment (about 30 µs each), which finds those that left the tree.
 * `startTime` is that of `run.pid`: with it a pid that was given to somebody else is not followed.
 */
export function processesOf(
  run: LiveRun & { startTime?: number | null },
  how: { scan?: boolean } = {},
): RunProcess[] {
  const found = new Map<number, ProcessStat>();
  const add = (pid: number): void => {
    if (found.has(pid)) return;
    const stat = readStat(pid);
    if (stat === null || (isDead(stat) && pid !== run.launcherPid)) return;
    if (pid === run.pid && (run.startTime ?? stat.startTime) !== stat.startTime) return;
    found.set(pid, stat);
    for (const child of readChildren(pid)) add(child);
  };
  rootsOf(run).forEach(add);
  groupedIn(run).forEach(add);
  // Read even of one that is stuck in the kernel: whoever is overlooked here would be taken for gone.
  if (how.scan) for (const pid of listPids()) if (namedRun(pid) === run.id) add(pid);
  if (run.launcherPid !== null) found.delete(run.launcherPid);
  return [...found.values()].map((stat) => ({
    pid: stat.pid,
    startTime: stat.startTime,
    state: stat.state,
    command: readCommand(stat),
  }));
}
