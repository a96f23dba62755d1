/**
 * The word in control.json: what the supervisor wants of a run. The file is the word and the pause signal only
 * wakes its reader, so a lost signal costs time and nothing else.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Control } from "../../contract/control.ts";
import { CONTROL_FILE } from "../../contract/names.ts";
import type { Job } from "../../model/job.ts";
import { wordOf } from "../../model/state.ts";

/** Replaces the file atomically: a reader sees the old word or the new one. Throws what the disk throws. */
export function writeControl(statusDirectory: string, { sequence, want }: Control): void {
  const path = join(statusDirectory, CONTROL_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify({ sequence, want })}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** What was written for the pause under way, and what a ring of this job announces. */
export const controlOf = ({ state }: Job): Control =>
  state.name === "pausing"
    ? { sequence: state.request.sequence, want: wordOf(state.request) }
    : { sequence: 0, want: "run" };
