/**
 * Writes one checkpoint so that its name appears only when every byte of it is on disk:
 * temporary directory, hash while writing, fsync, manifest last, rename, fsync of the parent.
 * Must never touch an existing checkpoint before its replacement is complete, and must leave
 * nothing behind when it fails.
 */
import { mkdir, open, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { manifestText } from "../../contract/manifest.ts";
import { checkpointName, MANIFEST_FILE, TEMPORARY_PREFIX } from "../../contract/names.ts";
import { isEpoch } from "../../contract/values.ts";
import { startTimeOf } from "../report/status.ts";
import { flushDirectory, type Save, Writing } from "./checkpoint-files.ts";

export interface SavedCheckpoint {
  /** Its directory. */
  path: string;
  step: number;
  /** Size of its files, without the manifest. */
  bytes: number;
}

/**
 * Writes `directory/step-<step>/`.
 * @param step completed training steps, a whole number ≥ 0
 * @param onBytes called with the bytes written so far, every few MiB
 * @throws RangeError on another `step`, or if no reader would accept the manifest; whatever `save` or the
 * disk throws (ENOSPC, EACCES …); older checkpoints are then untouched
 */
export async function writeCheckpoint(
  directory: string,
  step: number,
  save: Save,
  { epoch = null, onBytes = () => {} }: { epoch?: number | null; onBytes?: (bytes: number) => void } = {},
): Promise<SavedCheckpoint> {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new RangeError(`step must be a whole number, not ${step}`);
  await mkdir(directory, { recursive: true });
  const temporary = join(directory, temporaryName(step));
  const path = join(directory, checkpointName(step));
  try {
    await mkdir(temporary);
    const writing = new Writing(temporary, onBytes);
    await save(writing);
    const files = await writing.complete();
    const known = isEpoch(epoch) ? epoch : null;
    const createdAt = new Date().toISOString();
    const text = manifestText({ step, epoch: known, createdAt, worldSize: 1, files });
    await writeFlushed(join(temporary, MANIFEST_FILE), text);
    await flushDirectory(temporary);
    await moveInto(temporary, path);
    await flushDirectory(directory);
    return { path, step, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** Identifies the writer, so that a sweep can tell a dead writer's leftovers from work in progress. */
function temporaryName(step: number): string {
  const owner = `${process.pid}.${startTimeOf(process.pid) ?? 0}.${hostname()}`;
  return `${TEMPORARY_PREFIX}${checkpointName(step)}.${owner}`;
}

async function writeFlushed(path: string, text: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A step is saved twice only after falling back past a bad checkpoint of the same step. */
async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    const aside = `${temporary}.replaced`;
    await rename(path, aside);
    try {
      await rename(temporary, path);
    } catch (again) {
      await rename(aside, path); // The old one is better than none.
      throw again;
    }
    await rm(aside, { recursive: true, force: true }).catch(() => {});
  }
}
