/**
 * Removes what a finished run leaves behind: its directory with control, status and records, and its
 * cgroup. Never the job's log or its checkpoints.
 */
import { readFile, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { cgroupRecord, runDirectory } from "../../files/state-paths.ts";
import type { EffectResult } from "../../ports/runs.ts";
import { Container } from "../containers/container.ts";
import { placeFor, removeCgroup } from "../launch/cgroup.ts";
import type { Followed } from "../observe/follow.ts";

const TRIES = 20;
const BETWEEN_TRIES_MS = 50;

/** Refuses while the job's first process is alive. An empty cgroup that can't be removed costs nothing. */
export async function tidy(run: Followed): Promise<EffectResult> {
  const { stateDirectory } = run;
  if (run.mainAlive) return { ok: false, reason: "the run isn't over: its files are still in use" };
  const removed = await (run.container ?? Container.of(stateDirectory, run.id))?.remove();
  if (removed?.ok === false) return removed;
  // The record wins, since the supervisor may have moved; after a crash there may be none.
  const record = await readFile(cgroupRecord(stateDirectory, run.id), "utf8").catch(() => "");
  const place = record === "" ? placeFor(stateDirectory, run.id) : { directory: record };
  if ("directory" in place) await removeWhenEmpty(place.directory);
  try {
    await rm(runDirectory(stateDirectory, run.id), { recursive: true, force: true });
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: `the run's directory can't be removed: ${(error as Error).message}` };
  }
}

/** A process that just died may stay in its cgroup for a moment. */
async function removeWhenEmpty(directory: string): Promise<void> {
  for (let tries = 1; !removeCgroup(directory) && tries < TRIES; tries++) await sleep(BETWEEN_TRIES_MS);
}
