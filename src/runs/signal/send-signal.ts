/**
 * The one place that sends a signal. Always to one process, identified by pid and start time: a group
 * signal would take down a job's data loaders, and a pid alone may belong to another process by now.
 */
import { isDead, readStat } from "../../sense/proc/process.ts";

export interface Target {
  pid: number;
  /** Null where the system doesn't tell it; then the pid alone must do. */
  startTime: number | null;
}

/** Whether it was sent: false for a process that is gone, a zombie, replaced by another, or not ours to signal. */
export function sendSignal({ pid, startTime }: Target, signal: NodeJS.Signals): boolean {
  if (!(pid > 1)) return false;
  if (process.platform === "linux") {
    const stat = readStat(pid);
    if (stat === null || isDead(stat)) return false;
    if (startTime !== null && stat.startTime !== startTime) return false;
  }
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
