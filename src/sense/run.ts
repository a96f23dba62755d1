/**
 * What can be seen of one run from its launcher's records and from /proc, the same for a run that
 * we started and one that we found. Reads only; a missing or broken record is "unknown", never a
 * success; nothing here throws.
 */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { ENV } from "../contract/names.ts";
import type { Exit } from "../model.ts";
import type { LiveRun } from "../ports.ts";
import { readOnce } from "./kept-file.ts";
import { type ProcessStat, parsePids } from "./parse.ts";
import { isDead, listPids, readChildren, readCommand, readRunId, readStat } from "./process.ts";

const read = (path: string): string | null => {
  try {
    return readFileSync(path, "latin1").slice(0, 4096);
  } catch {
    return null;
  }
};

export interface PidRecord {
  pid: number;
  /** Null where the launcher couldn't read it. */
  startTime: number | null;
  bootId: string;
}

/** `<pid> <start time> <boot id>`; null while it isn't written, or when it is garbage. */
export function readPidRecord(path: string): PidRecord | null {
  const match = /^(\d{1,10}) (\d{1,18}|-|null|0)? ?(\S{1,64})?\s*$/.exec(read(path) ?? "");
  const pid = Number(match?.[1]);
  if (!match || !(pid > 0)) return null;
  const startTime = Number(match[2]);
  return { pid, startTime: startTime > 0 ? startTime : null, bootId: match[3] ?? "unknown" };
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/**
 * The exit record, `<code>.` over bytes that were blank; null while it isn't whole, which it never
 * becomes when the launcher has died first. A shell's 128 + n means signal n; then both `code`
 * (128 + n) and `signal` are given, since a program may also have chosen that code itself.
 */
export function readExit(path: string): Exit | null {
  const code = Number(/^(\d{1,3})\.\s*$/.exec(read(path) ?? "")?.[1] ?? 256);
  if (code > 255) return null;
  return { known: true, code, signal: code > 128 ? (signalNames.get(code - 128) ?? null) : null };
}

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
  if (run.launcherPid !== null) add(run.launcherPid);
  if (run.pid !== null) add(run.pid);
  if (run.cpuCgroup !== null) parsePids(readOnce(`${run.cpuCgroup}/cgroup.procs`, true) ?? "").forEach(add);
  if (how.scan) for (const pid of listPids()) if (readRunId(pid, ENV.runId) === run.id) add(pid);
  if (run.launcherPid !== null) found.delete(run.launcherPid);
  return [...found.values()].map((stat) => ({
    pid: stat.pid,
    startTime: stat.startTime,
    state: stat.state,
    command: readCommand(stat),
  }));
}
