/**
 * The one place that sends a signal. Always to one process, known by pid and start time: a group
 * would take a job's data loaders down, and a pid alone may by now be somebody else.
 */
import { isDead, readStat } from "../../sense/proc/process.ts";

export interface Target {
  pid: number;
  /** Null where the system doesn't tell; then the pid has to do. */
  startTime: number | null;
}

/** What perform() answers: a failure is a value, with half a sentence for people. */
export type Done = { ok: true } | { ok: false; reason: string };

/** Whether it was sent: false for a process that is gone, a zombie, another one by now, or not ours to signal. */
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
