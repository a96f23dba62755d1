/**
 * Stops and continues every process of a run by SIGSTOP and SIGCONT. Stops parents first, and repeats
 * until a pass finds nothing running: a single pass over a forking tree misses some. Never stops the
 * launcher. Uses no freezer cgroup: under v1 a frozen process can't even be killed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../../clock.ts";
import type { EffectResult } from "../../ports/runs.ts";
import type { RunProcess } from "../../sense/owners/run-processes.ts";
import { sendSignal } from "./send-signal.ts";
import { isStopped } from "./stopped.ts";

/**
 * The run's live processes, parents before their children; each call searches the machine anew, so that a
 * pass also finds what was forked during the one before.
 */
export type List = () => RunProcess[] | Promise<RunProcess[]>;

const TIMEOUT_MS = 5_000;
const BETWEEN_PASSES_MS = 2;

/** Fails after a timeout, naming what still runs. */
export async function freeze(list: List): Promise<EffectResult> {
  return repeat(list, "SIGSTOP", (processes) => processes.filter((found) => !isStopped(found)));
}

/** Children first, so that a parent that watches them finds them running. */
export async function thaw(list: List): Promise<EffectResult> {
  const stopped = (found: RunProcess): boolean => found.state !== "t" && isStopped(found);
  return repeat(list, "SIGCONT", (processes) => processes.filter(stopped).reverse());
}

/** Signals what `pick` picks until it picks nothing. */
async function repeat(
  list: List,
  signal: NodeJS.Signals,
  pick: (processes: RunProcess[]) => RunProcess[],
): Promise<EffectResult> {
  const end = elapsedMs() + TIMEOUT_MS;
  for (;;) {
    const left = pick(await list());
    if (left.length === 0) return { ok: true };
    if (elapsedMs() > end) return { ok: false, reason: `${signal} has no effect on ${named(left)}` };
    for (const found of left) sendSignal(found, signal);
    await sleep(BETWEEN_PASSES_MS);
  }
}

/** "python train.py (pid 12, D) and 3 more". */
export function named(processes: RunProcess[]): string {
  const [first, ...more] = processes;
  if (!first) return "nothing";
  const text = `${first.command} (pid ${first.pid}, ${first.state})`;
  return more.length === 0 ? text : `${text} and ${more.length} more`;
}
