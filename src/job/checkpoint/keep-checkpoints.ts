/**
 * Housekeeping after a good save: keeps the newest checkpoints, sets aside those of a later step, sweeps
 * what dead writers left. Must never remove the checkpoint just written, nor one that a living process
 * is still writing; a failure here is not a failed save, so nothing throws.
 */
import { readdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { stepOfName, TEMPORARY_PREFIX } from "../../contract/names.ts";
import { startTimeOf } from "../report/status.ts";
import { listCheckpoints } from "./find-checkpoint.ts";
import type { SavedCheckpoint } from "./write-checkpoint.ts";

/**
 * A step later than the newest save exists only if a resume had to skip it, or was told to. Its name
 * would win the next resume, so it is set aside under this prefix, not deleted.
 */
export const SUPERSEDED_PREFIX = ".superseded-";

/** @param keep how many stay, including the one just saved; at least 1 */
export async function keepNewest(saved: SavedCheckpoint, keep: number): Promise<void> {
  const directory = dirname(saved.path);
  const paths = await listCheckpoints(directory).catch(() => []);
  for (const path of paths.filter((path) => stepAt(path) > saved.step)) {
    const aside = join(directory, SUPERSEDED_PREFIX + basename(path));
    await rm(aside, { recursive: true, force: true }).catch(() => {});
    await rename(path, aside).catch(() => {});
  }
  for (const path of paths.filter((path) => stepAt(path) <= saved.step).slice(Math.max(1, keep)))
    await remove(path);
  await sweep(directory, keep);
}

/** Removes temporary directories whose writer is gone, and all but `keep` of those set aside. */
export async function sweep(directory: string, keep: number): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(TEMPORARY_PREFIX) || writerOf(name) !== "gone") continue;
    await rm(join(directory, name), { recursive: true, force: true }).catch(() => {});
  }
  const aside = names.filter((name) => name.startsWith(SUPERSEDED_PREFIX)).sort();
  for (const name of aside.slice(0, Math.max(0, aside.length - keep)))
    await rm(join(directory, name), { recursive: true, force: true }).catch(() => {});
}

/** Renames first: a half-deleted checkpoint must not keep a checkpoint's name. */
async function remove(path: string): Promise<void> {
  const doomed = join(dirname(path), `${TEMPORARY_PREFIX}${basename(path)}.0.0.${hostname()}`);
  try {
    await rename(path, doomed);
    await rm(doomed, { recursive: true, force: true });
  } catch {
    // The next save tries again.
  }
}

/** Of a temporary directory, by its name. One on another host can't be checked: that host sweeps. */
export function writerOf(name: string): "alive" | "gone" | "unknown" {
  const parts = /\.(\d+)\.(\d+)\.([^/]+?)(\.replaced)?$/.exec(name.slice(TEMPORARY_PREFIX.length));
  const [, pid, startTime, host] = parts ?? [];
  if (host !== hostname()) return "unknown";
  if (Number(pid) === 0) return "gone";
  const alive = startTimeOf(Number(pid));
  if (alive !== null) return alive === Number(startTime) ? "alive" : "gone";
  return process.platform === "linux" || !answers(Number(pid)) ? "gone" : "alive";
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const stepAt = (path: string): number => stepOfName(basename(path)) ?? -1;
