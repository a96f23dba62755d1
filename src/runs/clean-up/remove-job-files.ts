/** Removes what a job that is no more has saved: its checkpoints, those set aside too. Never its log. */
import { readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isAbsent } from "../../contract/system-code.ts";
import { isGone } from "../../files/is-there.ts";
import { checkpointDirectory } from "../../files/state-paths.ts";
import { OWNER_FILE } from "../checkpoints/owner.ts";

/** The folder that we keep for a job; null where there is none. */
export function jobFolder(stateDirectory: string, job: string): string | null {
  const directory = dirname(checkpointDirectory(stateDirectory, job));
  return isGone(directory) ? null : directory;
}

/** Whether a job's folder holds anything that the job has saved, set aside or not; true also where that can't be told. */
export function holdsSaved(directory: string): boolean {
  try {
    const saved = readdirSync(directory).filter((name) => /^checkpoints(-\d+)?$/.test(name));
    return saved.some((name) => readdirSync(join(directory, name)).some((one) => one !== OWNER_FILE));
  } catch (error) {
    return !isAbsent(error);
  }
}

/** `token` names the folder until it is gone, so that a new job of that name finds nothing of it. Rejects as the disk does. */
export async function removeSavedFiles(directory: string, token: string): Promise<void> {
  const going = `${directory}.removed-${token}`;
  renameSync(directory, going);
  await rm(going, { recursive: true, force: true });
}
