/**
 * One process in /proc: whether it is alive, its user, its signals, its run. Reads only. A pid alone never
 * identifies a process; a pid with a start time does.
 */
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { readOnce } from "./kept-file.ts";
import { type ProcessStat, parsePids, parseProcessStat, parseStatusLine } from "./parse.ts";

export interface KnownProcess {
  pid: number;
  /** Null where the system doesn't tell it; then the pid alone must do. */
  startTime: number | null;
}

const onLinux = process.platform === "linux";

/** Null when there is no such process, or no /proc. */
export function readStat(pid: number): ProcessStat | null {
  const text = readOnce(`/proc/${pid}/stat`);
  return text === null ? null : parseProcessStat(text);
}

/** A zombie is dead, unless only its first thread has ended. */
export const isDead = (stat: ProcessStat): boolean =>
  stat.state === "X" || stat.state === "x" || (stat.state === "Z" && stat.threads <= 1);

/** The same process, without an exec between the two reads. */
export const isSameProgram = (a: ProcessStat, b: ProcessStat): boolean =>
  a.startTime === b.startTime && a.name === b.name && a.stack === b.stack;

/**
 * Whether this process still runs; a zombie doesn't, nor does a pid with another start time.
 * `startTime` null (unknown, or not Linux): goes by the pid alone.
 */
export function isAlive(pid: number, startTime: number | null): boolean {
  if (onLinux) {
    const stat = readStat(pid);
    return stat !== null && !isDead(stat) && (startTime === null || stat.startTime === startTime);
  }
  return presenceOf(pid) !== "gone";
}

/** What signal 0 tells of a pid. "hidden": it exists, but is another user's, whether /proc shows it or not. */
export function presenceOf(pid: number): "there" | "hidden" | "gone" {
  try {
    process.kill(pid, 0);
    return "there";
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === "EPERM" ? "hidden" : "gone";
  }
}

/** Whether the process handles this signal (SigCgt); null where that is unknown. */
export function catches(pid: number, signal: NodeJS.Signals): boolean | null {
  const number = constants.signals[signal];
  const status = readOnce(`/proc/${pid}/status`);
  const mask = status === null ? null : parseStatusLine(status, "SigCgt");
  if (number === undefined || mask === null || !/^[0-9a-f]{1,16}$/i.test(mask)) return null;
  return ((BigInt(`0x${mask}`) >> BigInt(number - 1)) & 1n) === 1n;
}

/** The real user; null where it can't be seen. */
export function uidOf(pid: number): number | null {
  const uid = parseStatusLine(readOnce(`/proc/${pid}/status`) ?? "", "Uid")?.split(/\s+/)[0];
  return uid === undefined ? null : Number(uid);
}

/**
 * The command line, words separated by spaces, at most 300 characters; the name in brackets where there is
 * none, and for a process stuck in the kernel, where reading it could block.
 */
export function readCommand(stat: Pick<ProcessStat, "pid" | "name" | "state">): string {
  const words = stat.state === "D" ? "" : (readOnce(`/proc/${stat.pid}/cmdline`) ?? "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what separates the words
  const line = words.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
  return line === "" ? `[${stat.name}]` : Buffer.from(line.slice(0, 300), "latin1").toString("utf8");
}

/**
 * The run id in a process's environment: null when it has none, undefined when that is unknown (no
 * permission, or the process is a zombie or in the middle of an exec and shows nothing).
 */
export function readRunId(pid: number, variable: string): string | null | undefined {
  const text = readWords(pid, "environ");
  return text === undefined ? undefined : variableIn(text, variable);
}

/**
 * Its environment or its command line, each word followed by NUL; undefined when it has none, or when that is
 * unknown. May block on a process that is stuck in the kernel.
 */
export const readWords = (pid: number, what: "environ" | "cmdline"): string | undefined =>
  readWordsOrNone(pid, what) || undefined;

/** Likewise; "" where it has none, as in the middle of an exec, and null where that is unknown. */
export function readWordsOrNone(pid: number, what: "environ" | "cmdline"): string | null {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "latin1");
  } catch {
    return null;
  }
}

/** The value of a variable in an environment as `readWords` gives it; null when it isn't there. */
export function variableIn(environment: string, variable: string): string | null {
  const start = environment.startsWith(`${variable}=`) ? 0 : environment.indexOf(`\0${variable}=`) + 1;
  if (start === 0 && !environment.startsWith(`${variable}=`)) return null;
  const end = environment.indexOf("\0", start);
  const value = environment.slice(start + variable.length + 1, end < 0 ? undefined : end);
  return Buffer.from(value, "latin1").toString("utf8");
}

/** Children of every thread: a child is in the list of the thread that forked it only. `threads`: how many it has, where that is known. */
export function readChildren(pid: number, threads?: number): number[] {
  const ids = threads === 1 ? [pid] : threadsOf(pid);
  return ids.flatMap((thread) => parsePids(readOnce(`/proc/${pid}/task/${thread}/children`, true) ?? ""));
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** All pids; empty where there is no /proc. */
export function listPids(): number[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}
