/** Removes what a job that is no more has saved: its checkpoints, those set aside too. Never its log. */
import { renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isGone } from "../../files/is-there.ts";
import { checkpointDirectory } from "../../files/state-paths.ts";

/** Where a job's checkpoints are; null where it has none. */
export function savedFiles(stateDirectory: string, job: string): string | null {
  const directory = dirname(checkpointDirectory(stateDirectory, job));
  return isGone(directory) ? null : directory;
}

/** `token` names the folder until it is gone, so that a new job of that name finds nothing of it. Rejects as the disk does. */
export async function removeSavedFiles(directory: string, token: string): Promise<void> {
  const going = `${directory}.removed-${token}`;
  renameSync(directory, going);
  await rm(going, { recursive: true, force: true });
}
