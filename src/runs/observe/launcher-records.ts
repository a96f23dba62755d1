/**
 * Reads what a run's launcher has recorded, for runs that we started and runs that we found. A missing
 * or broken record is "unknown", never a success; nothing here throws.
 */
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Exit } from "../../model/seen.ts";
import { UNKNOWN_BOOT } from "../../model/time.ts";
import { bootId } from "../../sense/proc/boot-id.ts";

const read = (path: string): string | null => {
  try {
    return readFileSync(path, "latin1").slice(0, 4096);
  } catch {
    return null;
  }
};

export interface PidRecord {
  pid: number;
  /** Null when the launcher couldn't read it. */
  startTime: number | null;
  bootId: string;
}

/** `<pid> <start time> <boot id>`; null while it is unwritten, or when it is garbage. */
export function readPidRecord(path: string): PidRecord | null {
  const match = /^(\d{1,10}) (\d{1,18}|-|null|0)? ?(\S{1,64})?\s*$/.exec(read(path) ?? "");
  const pid = Number(match?.[1]);
  if (!match || !(pid > 0)) return null;
  const startTime = Number(match[2]);
  return { pid, startTime: startTime > 0 ? startTime : null, bootId: match[3] ?? UNKNOWN_BOOT };
}

/** A pid and a start time of another boot may be another process's by now. */
export const isOfThisBoot = ({ bootId: of }: PidRecord): boolean => of === bootId() || of === UNKNOWN_BOOT;

/** Second names of a signal, by which nobody knows it. */
const ALIASES = ["SIGIOT", "SIGPOLL", "SIGUNUSED", "SIGCLD"];
const signalNames = new Map(
  Object.entries(constants.signals)
    .filter(([name]) => !ALIASES.includes(name))
    .map(([name, number]) => [number, name]),
);
/** Linux's real-time signals, as `kill -l` names them; the C library keeps 32 and 33 for itself. */
const [RTMIN, MIDDLE, RTMAX] = [34, 49, 64];

function signalName(number: number): string | null {
  if (process.platform !== "linux" || number < RTMIN || number > RTMAX)
    return signalNames.get(number) ?? null;
  if (number <= MIDDLE) return number === RTMIN ? "SIGRTMIN" : `SIGRTMIN+${number - RTMIN}`;
  return number === RTMAX ? "SIGRTMAX" : `SIGRTMAX-${RTMAX - number}`;
}

/**
 * The exit record: `<code>.` written over blanks. Null while it is incomplete, which it stays when the
 * launcher died first. A shell's 128 + n means signal n; both `code` (128 + n) and `signal` are given,
 * since a program may also choose that code itself.
 */
export function readExit(path: string): Exit | null {
  const code = Number(/^(\d{1,3})\.\s*$/.exec(read(path) ?? "")?.[1] ?? 256);
  if (code > 255) return null;
  return { known: true, code, signal: code > 128 ? signalName(code - 128) : null };
}
