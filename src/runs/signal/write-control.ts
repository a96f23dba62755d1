/**
 * Writes the supervisor's word for one run. The file is the word; the signal that follows (ring.ts)
 * only wakes the reader, so a lost signal costs time and nothing else.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Control } from "../../contract/control.ts";
import { CONTROL_FILE } from "../../contract/names.ts";
import { statusDirectory } from "../../files/state-paths.ts";

/** Replaced atomically: a reader sees the old word or the new one. Throws what the disk throws. */
export function writeControl(stateDirectory: string, runId: string, control: Control): void {
  const path = join(statusDirectory(stateDirectory, runId), CONTROL_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(control)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
