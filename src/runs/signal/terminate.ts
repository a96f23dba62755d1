/**
 * Ends a run by force, when the config or a person says so. Each process is signalled by itself;
 * the launcher is spared, since it still has to record how the job ended.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../../clock.ts";
import { isAlive } from "../../sense/proc/process.ts";
import { freeze, type List, named, thaw } from "./freeze.ts";
import { type Done, sendSignal, type Target } from "./send-signal.ts";

const LONGEST_KILL_MS = 10_000;
/** How long the first process may take before the others are left to it. */
const MAIN_ALONE_MS = 2_000;
const POLL_MS = 20;

/**
 * SIGTERM to the job's first process, which may want to end its children in order; to the others
 * only when it has gone without them, as a wrapper shell does. Doesn't wait for the end.
 */
export async function terminate(main: Target | null, list: List): Promise<Done> {
  if (main) sendSignal(main, "SIGTERM");
  // A stopped process acts on the signal only once it goes on.
  const awake = await thaw(list);
  if (!awake.ok) return awake;
  const end = elapsedMs() + MAIN_ALONE_MS;
  while (main && isAlive(main.pid, main.startTime) && elapsedMs() < end) await sleep(POLL_MS);
  const left = list();
  if (main && left.some(({ pid }) => pid === main.pid)) return { ok: true };
  for (const found of left) sendSignal(found, "SIGTERM");
  return { ok: true };
}

/**
 * SIGKILL to every process of the run, until none remains. They are stopped first, so that none
 * forks while others die; a process stopped by a signal dies at once.
 */
export async function kill(list: List): Promise<Done> {
  await freeze(list);
  const end = elapsedMs() + LONGEST_KILL_MS;
  for (;;) {
    const left = list();
    if (left.length === 0) return { ok: true };
    if (elapsedMs() > end) return { ok: false, reason: `SIGKILL has no effect on ${named(left)}` };
    for (const found of left) sendSignal(found, "SIGKILL");
    await sleep(POLL_MS);
  }
}
