/**
 * Keeps a job's newest checkpoints and removes older ones. The job libraries do the same; this covers a
 * lowered `keep` and the remains of a killed writer. Must never remove the checkpoint that a run was
 * resumed from, nor the newest one that passed the full check.
 */
import { readdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { stepOfName, TEMPORARY_PREFIX } from "../../contract/names.ts";
import { checkpointDirectory } from "../../files/state-paths.ts";
import { sweep, writerOf } from "../../job/checkpoint/keep-checkpoints.ts";
import type { Job } from "../../model/job.ts";
import type { Stock } from "../../model/run.ts";
import { isLive } from "../../model/state.ts";
import type { EffectResult } from "../../ports/runs.ts";

/** @param keep how many complete checkpoints stay; never removes a third-party job's */
export async function prune(
  job: Job,
  keep: number,
  { checkpoints, rejected }: Stock,
  stateDirectory: string,
): Promise<EffectResult> {
  if (job.spec.checkpoint.glob !== undefined) return { ok: true };
  const kept = new Set(checkpoints.slice(0, Math.max(1, keep)).map(({ path }) => path));
  const newestChecked = checkpoints.find(({ verified }) => verified === "full");
  if (newestChecked) kept.add(newestChecked.path);
  if (job.checkpoint) kept.add(job.checkpoint.path);
  const { state } = job;
  if ("run" in state && state.run.resumedFrom) kept.add(state.run.resumedFrom);
  const oldest = checkpoints.slice(0, keep).at(-1)?.path;
  const broken = rejected.filter(({ path }) => oldest !== undefined && stepAt(path) < stepAt(oldest));
  try {
    for (const { path } of [...checkpoints, ...broken]) if (!kept.has(path)) await remove(path);
    await sweepTemporary(job, keep, checkpointDirectory(stateDirectory, job.name));
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: `old checkpoints can't be removed: ${(error as Error).message}` };
  }
}

/**
 * Without a live run every temporary directory is abandoned, but for that of a restore under way; beside one, only
 * those whose writer is gone. Pids of a container are others outside, so nothing of its live run is swept.
 */
async function sweepTemporary(job: Job, keep: number, directory: string): Promise<void> {
  const live = isLive(job.state.name);
  if (live && job.spec.container !== undefined) return;
  await sweep(directory, keep);
  if (live) return;
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(TEMPORARY_PREFIX)))
    if (writerOf(name) !== "alive") await rm(join(directory, name), { recursive: true, force: true });
}

/** By number: as a name, `step-100000000` sorts before `step-99999999`. */
const stepAt = (path: string): number => stepOfName(basename(path)) ?? Number.POSITIVE_INFINITY;

/** Renamed first: a half-deleted checkpoint must not keep a checkpoint's name. */
async function remove(path: string): Promise<void> {
  const doomed = join(dirname(path), `${TEMPORARY_PREFIX}${basename(path)}.0.0.${hostname()}`);
  await rename(path, doomed);
  await rm(doomed, { recursive: true, force: true });
}
