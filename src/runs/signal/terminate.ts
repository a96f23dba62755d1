/**
 * Ends a run by force, when the config or a person says so. Signals each process by itself and spares
 * the launcher, which still has to record how the job ended.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../../clock.ts";
import type { EffectResult } from "../../ports/runs.ts";
import { isAlive, type KnownProcess } from "../../sense/proc/process.ts";
import { freeze, type List, named, thaw } from "./freeze.ts";
import { sendSignal } from "./send-signal.ts";

const KILL_TIMEOUT_MS = 10_000;
/** How long to wait for the first process; after that its children are its own business. */
const MAIN_ALONE_MS = 2_000;
const POLL_MS = 20;

/**
 * SIGTERM to the job's first process, which may end its children in its own order; to the others only
 * when it exits without them, as a wrapper shell does. Doesn't wait for the end.
 */
export async function terminate(main: KnownProcess | null, list: List): Promise<EffectResult> {
  if (main) sendSignal(main, "SIGTERM");
  // A stopped process handles the signal only once it continues.
  const awake = await thaw(list);
  if (!awake.ok) return awake;
  const end = elapsedMs() + MAIN_ALONE_MS;
  while (main && isAlive(main.pid, main.startTime) && elapsedMs() < end) await sleep(POLL_MS);
  const left = await list();
  if (main && left.some(({ pid }) => pid === main.pid)) return { ok: true };
  for (const found of left) sendSignal(found, "SIGTERM");
  return { ok: true };
}

/**
 * SIGKILL to every process of the run, until none remains. Stops them first, so that none forks while
 * others die.
 */
export async function kill(list: List): Promise<EffectResult> {
  await freeze(list);
  const end = elapsedMs() + KILL_TIMEOUT_MS;
  for (;;) {
    const left = await list();
    if (left.length === 0) return { ok: true };
    if (elapsedMs() > end) return { ok: false, reason: `SIGKILL has no effect on ${named(left)}` };
    for (const found of left) sendSignal(found, "SIGKILL");
    await sleep(POLL_MS);
  }
}
