/**
 * Keeps a job's log from filling the disk. Between runs the file is renamed; under a running job, which
 * holds it open for appending, it is copied and cut, and a line written in that moment can be lost.
 * Must never cut what it could not copy.
 */
import { constants, existsSync, lstatSync, renameSync, rmSync } from "node:fs";
import { copyFile, rm, truncate } from "node:fs/promises";

export interface LogLimits {
  maxMiB: number;
  /** Older logs, `<name>.log.1` being the newest of them; 0: none. */
  keep: number;
}

/** Before a run opens it. A log that can't be moved goes on growing: that must not keep a job from starting. */
export function rotateBetweenRuns(path: string, limits: LogLimits): void {
  if (!isTooLarge(path, limits)) return;
  try {
    makeWay(path, limits.keep);
    if (limits.keep === 0) rmSync(path);
    else renameSync(path, `${path}.1`);
  } catch {
    // Tried again at the next run.
  }
}

/** While a run appends to it. Resolves when it is done or couldn't be; never rejects. */
export async function rotateWhileRunning(path: string, limits: LogLimits): Promise<void> {
  if (!isTooLarge(path, limits)) return;
  const copy = `${path}.1`;
  try {
    makeWay(path, limits.keep);
    if (limits.keep > 0) await copyFile(path, copy, constants.COPYFILE_EXCL);
  } catch {
    await rm(copy, { force: true }).catch(() => {});
    return;
  }
  await truncate(path, 0).catch(() => {});
}

function isTooLarge(path: string, { maxMiB }: LogLimits): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size > maxMiB * 1_048_576;
}

/** Moves `.1` to `.2` and so on; the oldest goes. */
function makeWay(path: string, keep: number): void {
  rmSync(`${path}.${Math.max(1, keep)}`, { force: true });
  for (let older = keep - 1; older >= 1; older--)
    if (existsSync(`${path}.${older}`)) renameSync(`${path}.${older}`, `${path}.${older + 1}`);
}
