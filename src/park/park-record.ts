/**
 * What the last child that called the driver about a run was about to do: written before it calls, removed once the
 * driver says that the program runs. Where it lies, the program's VRAM may be away, whatever a database knows.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Away } from "../model/park.ts";

export interface ParkRecord {
  /** The child. */
  pid: number;
  startTime: number | null;
  program: Away;
}

/** @throws what the disk throws */
export function writeParkRecord(path: string, record: ParkRecord): void {
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Null where there is none. */
export function readParkRecord(path: string): ParkRecord | null {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/** @throws what the disk throws */
export const removeParkRecord = (path: string): void => rmSync(path, { force: true });
