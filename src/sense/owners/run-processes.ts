/**
 * The current processes of one run, by the same marks that attribute processes: what a freeze or a kill
 * reaches, and what a run leaves behind. Stateless, so it also serves runs of an earlier supervisor.
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
 * The live processes of a run, parents before children, without the launcher: those in its cgroup and in
 * its launcher's tree. `scan` also searches every environment on the machine for the run's id (about
 * 30 µs each), which finds processes that have left the tree. `startTime`: of `run.pid`, so that another
 * process with that pid isn't followed.
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
  // Read even for a process stuck in the kernel: one that is missed here would count as gone.
  if (how.scan) for (const pid of listPids()) if (namedRun(pid) === run.id) add(pid);
  if (run.launcherPid !== null) found.delete(run.launcherPid);
  return [...found.values()].map((stat) => ({
    pid: stat.pid,
    startTime: stat.startTime,
    state: stat.state,
    command: readCommand(stat),
  }));
}
