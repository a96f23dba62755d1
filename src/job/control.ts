/**
 * Reads control.json, the supervisor's word. The file may be missing, half written, a directory,
 * a pipe or somebody's joke: whatever it is, this must never throw, never block and never read
 * without a limit, because it runs in the middle of a training loop.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { Control } from "../contract.ts";

const MOST_BYTES = 65_536;
const WANTS: ReadonlySet<unknown> = new Set(["run", "pause", "standby", "release"]);

/** The word; "missing" when there is no such file, "unreadable" when it makes no sense. */
export function readControl(path: string): Control | "missing" | "unreadable" {
  let fd: number;
  try {
    // O_NONBLOCK: opening a named pipe would otherwise wait for a writer.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "missing" : "unreadable";
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MOST_BYTES) return "unreadable";
    const bytes = Buffer.alloc(stat.size);
    return parseControl(bytes.toString("utf8", 0, readSync(fd, bytes, 0, bytes.length, 0)));
  } catch {
    return "unreadable";
  } finally {
    closeSync(fd);
  }
}

export function parseControl(text: string): Control | "unreadable" {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "unreadable";
  }
  if (typeof value !== "object" || value === null) return "unreadable";
  const { sequence, want } = value as Partial<Record<keyof Control, unknown>>;
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 0 || !WANTS.has(want)) return "unreadable";
  return { sequence: sequence as number, want: want as Control["want"] };
}
