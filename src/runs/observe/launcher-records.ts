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

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/**
 * The exit record: `<code>.` written over blanks. Null while it is incomplete, which it stays when the
 * launcher died first. A shell's 128 + n means signal n; both `code` (128 + n) and `signal` are given,
 * since a program may also choose that code itself.
 */
export function readExit(path: string): Exit | null {
  const code = Number(/^(\d{1,3})\.\s*$/.exec(read(path) ?? "")?.[1] ?? 256);
  if (code > 255) return null;
  return { known: true, code, signal: code > 128 ? (signalNames.get(code - 128) ?? null) : null };
}
