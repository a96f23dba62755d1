/**
 * The GPU memory a run still holds after its processes have exited: a pause isn't complete, and frees
 * nothing, while the driver still lists any of it. Reports what became free, and when. Never waits
 * for ever where it can't be read: then it reports the release as unverified.
 */
import type { Run } from "../../../model/run.ts";
import { duration } from "../../../words/duration.ts";
import { list } from "../../../words/list.ts";
import { size } from "../../../words/size.ts";
import type { Transition } from "../transition.ts";

/** The driver takes a moment to clean up after a process. */
const CLEARING_MS = 3000;
/** How long to wait for a reading newer than the exit. */
const UNREADABLE_MS = 10_000;

/** It was said of this run that the driver lists it although its processes have ended. */
export const isListed = ({ said = [] }: Pick<Run, "said">): boolean => said.includes("gpu-entries");

/** Whether the pause has to wait for a GPU. Called when no process of the run is left. */
export function waitsForGpus(transition: Transition): boolean {
  const { state, now, gpus } = transition;
  if (state.name !== "pausing" || !gpus || transition.job.cancelling !== undefined) return false;
  // A person won't wait for the driver.
  if (state.request.endedByHand) return false;
  const exitedMs = (state.request.exitedAt ?? now).monotonicMs;
  const waitedMs = now.monotonicMs - exitedMs;
  if (gpus.unavailable !== null || gpus.atMs <= exitedMs) return waitedMs < UNREADABLE_MS;
  if (gpus.entries.length === 0) return false;
  if (waitedMs >= CLEARING_MS) tellWhatStays(transition, waitedMs);
  return true;
}

function tellWhatStays(transition: Transition, waitedMs: number): void {
  const { state, gpus } = transition;
  if (state.name !== "pausing" || !gpus || !transition.first("gpu-entries")) return;
  const held = gpus.entries.map(
    ({ pid, gpuMemoryMiB }) => `pid ${pid}${gpuMemoryMiB === undefined ? "" : ` with ${size(gpuMemoryMiB)}`}`,
  );
  transition.tell(
    "pause.overdue",
    "supervisor",
    `Its processes ended ${duration(waitedMs)} ago, but the driver still lists ${held.join(", ")} of it on ${gpus.name}; the job doesn't count as paused until the driver drops that.`,
    { evidence: { leftovers: gpus.entries, processes: gpus.entries } },
  );
  // From now on another job may be asked to make room instead.
  if (state.request.overdue === null) transition.amend({ overdue: "waiting" });
}

export interface Released {
  outcome: Record<string, unknown>;
  /** "; 18.2 GiB VRAM free after 8 s", or an empty string. */
  text: string;
}

/** What a pause has freed; empty for a run without a GPU. */
export function released({ state, now, gpus }: Transition): Released {
  if (state.name !== "pausing" || !gpus) return { outcome: {}, text: "" };
  const { gpuAtRequest: before, exitedAt, askedAt } = state.request;
  const seen = gpus.unavailable === null && gpus.atMs > (exitedAt ?? now).monotonicMs;
  if (!seen) {
    const reason = gpus.unavailable ?? "it wasn't read since";
    return { outcome: { vramVerified: false, vramReason: reason }, text: "; its GPU can't be read" };
  }
  if (gpus.entries.length > 0) {
    const reason = `the driver still lists pid ${list(gpus.entries.map(({ pid }) => pid))} on ${gpus.name}`;
    return { outcome: { vramVerified: false, vramReason: reason }, text: `; ${reason}` };
  }
  const held = before?.heldMiB ?? null;
  const rose =
    gpus.freeMiB === null || !before || before.freeMiB === null ? null : gpus.freeMiB - before.freeMiB;
  const afterMs = gpus.atMs - askedAt.monotonicMs;
  return {
    outcome: {
      vramVerified: true,
      vramReleasedMiB: held === null ? null : Math.round(held),
      vramFreeRoseMiB: rose === null ? null : Math.round(rose),
      vramFreeAfterMs: Math.round(afterMs),
    },
    text: freed(held, afterMs),
  };
}

function freed(heldMiB: number | null, afterMs: number): string {
  if (heldMiB === null) return "; how much VRAM it held isn't known";
  return heldMiB === 0 ? "" : `; ${size(heldMiB)} VRAM free after ${duration(afterMs)}`;
}
