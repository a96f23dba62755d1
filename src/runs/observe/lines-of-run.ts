/** The last lines that one run has written to its job's log, which holds those of earlier runs, too. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { logPath, logStartRecord } from "../../files/state-paths.ts";

const LAST_BYTES = 32_768;

/** Newest last; none where they can't be read. Never throws. */
export function linesOf(stateDirectory: string, job: string, runId: string): string[] {
  try {
    const start = Number(readFileSync(logStartRecord(stateDirectory, runId), "utf8"));
    return readEnd(logPath(stateDirectory, job), start).split("\n");
  } catch {
    return [];
  }
}

function readEnd(path: string, start: number): string {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    // A log that was truncated since holds nothing of earlier runs.
    const from = Math.max(start <= size ? start : 0, size - LAST_BYTES);
    const bytes = Buffer.alloc(Math.max(0, size - from));
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, bytes.length, from));
  } finally {
    closeSync(file);
  }
}
