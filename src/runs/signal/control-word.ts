/**
 * The word in control.json: what the supervisor wants of a run. The file is the word and the pause signal only
 * wakes its reader, so a lost signal costs time and nothing else.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Control } from "../../contract/control.ts";
import { CONTROL_FILE } from "../../contract/names.ts";
import type { Job } from "../../model/job.ts";

/** Replaces the file atomically: a reader sees the old word or the new one. Throws what the disk throws. */
export function writeControl(statusDirectory: string, { sequence, want }: Control): void {
  const path = join(statusDirectory, CONTROL_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify({ sequence, want })}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The word that a ring of this job announces. */
export function wordOf({ state }: Job): { sequence: number; want: "pause" | "run" } {
  return state.name === "pausing"
    ? { sequence: state.request.sequence, want: "pause" }
    : { sequence: 0, want: "run" };
}
