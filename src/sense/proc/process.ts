/**
 * One process, as /proc shows it: alive or not, whose, what it catches. Reads only; a pid alone
 * never names a process, a pid with its start time does.
 */
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { readOnce } from "./kept-file.ts";
import { type ProcessStat, parsePids, parseProcessStat, parseStatusLine } from "./parse.ts";

const onLinux = process.platform === "linux";

/** Null when there is no such process, or no /proc. */
export function readStat(pid: number): ProcessStat | null {
  const text = readOnce(`/proc/${pid}/stat`);
  return text === null ? null : parseProcessStat(text);
}

/** A zombie does nothing any more, unless it is only the first thread of a process that goes on. */
export const isDead = (stat: ProcessStat): boolean =>
  stat.state === "X" || stat.state === "x" || (stat.state === "Z" && stat.threads <= 1);

/** The same process, and since `a` it hasn't executed another program, nor the same one again. */
export const isSameProgram = (a: ProcessStat, b: ProcessStat): boolean =>
  a.startTime === b.startTime && a.name === b.name && a.stack === b.stack;

/**
 * Whether that very process still runs: a zombie is dead, and so is a pid with another start time.
 * `startTime` null (not known, or not Linux): the pid alone has to do.
 */
export function isAlive(pid: number, startTime: number | null): boolean {
  if (onLinux) {
    const stat = readStat(pid);
    return stat !== null && !isDead(stat) && (startTime === null || stat.startTime === startTime);
  }
  return presenceOf(pid) !== "gone";
}

/** What a signal that does nothing says of a pid. "hidden": it is there, but another user's, whether /proc shows it or not. */
export function presenceOf(pid: number): "there" | "hidden" | "gone" {
  try {
    process.kill(pid, 0);
    return "there";
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === "EPERM" ? "hidden" : "gone";
  }
}

/** Whether the process has a function of its own for this signal (SigCgt); null where that can't be known. */
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
 * The command line with spaces between its words, at most 300 characters; the bracketed name where
 * there is none, and for a process stuck in the kernel, whose command line could keep us waiting.
 */
export function readCommand(stat: Pick<ProcessStat, "pid" | "name" | "state">): string {
  const words = stat.state === "D" ? "" : (readOnce(`/proc/${stat.pid}/cmdline`) ?? "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what separates the words
  const line = words.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
  return line === "" ? `[${stat.name}]` : Buffer.from(line.slice(0, 300), "latin1").toString("utf8");
}

/**
 * The run id in a process's environment: null when it has none, undefined when it can't be known
 * (no permission, or the process is between two programs or a zombie, and shows nothing).
 */
export function readRunId(pid: number, variable: string): string | null | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return undefined;
  }
  if (text === "") return undefined;
  const start = text.startsWith(`${variable}=`) ? 0 : text.indexOf(`\0${variable}=`) + 1;
  if (start === 0 && !text.startsWith(`${variable}=`)) return null;
  const end = text.indexOf("\0", start);
  return text.slice(start + variable.length + 1, end < 0 ? undefined : end);
}

/** Children of every thread: one forked from a thread stands in that thread's list only. */
export function readChildren(pid: number): number[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
  return threads.flatMap((thread) => parsePids(readOnce(`/proc/${pid}/task/${thread}/children`, true) ?? ""));
}

/** Every pid there is; empty where there is no /proc. */
export function listPids(): number[] {
  try {
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}
