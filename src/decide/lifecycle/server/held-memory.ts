/**
 * What a server's run still holds on its GPUs. A 200 proves nothing: this reading does. Memory that nobody can
 * attribute is unknown, never none.
 */
import { heldMiB } from "../../sharing/gpu-memory.ts";
import type { Transition } from "../transition.ts";
import { callsOf } from "./talk.ts";

/** `unknown`: half a sentence. `old`: no reading since then yet. */
export type Held = { miB: number } | { unknown: string } | { old: true };

/** Saved at once: what a supervisor has learned of the job comes later, and may be lost with it. */
export function noteHeld(transition: Transition): void {
  const { gpus, job, state } = transition;
  if (job.spec.pause.calls === undefined || !("run" in state) || state.run.heldOnGpu) return;
  if (gpus?.entries.some(({ gpuMemoryMiB = 0 }) => gpuMemoryMiB > 0)) transition.know({ heldOnGpu: true });
}

/** @param sinceMs monotonic time; an older reading shows nothing. */
export function heldSince({ gpus, job, run }: Transition, sinceMs: number): Held {
  if (run.service && run.pid === null) return { unknown: "which process it is can't be seen" };
  if (gpus === null) return { unknown: "it isn't seen on a GPU" };
  if (gpus.unavailable !== null) return { unknown: gpus.unavailable };
  if (gpus.atMs <= sinceMs) return { old: true };
  const untold = gpus.entries.find(({ gpuMemoryMiB }) => gpuMemoryMiB === undefined);
  if (untold !== undefined) return { unknown: `the driver doesn't tell how much pid ${untold.pid} holds` };
  // Its processes may be listed under pids that nobody here knows (a container's).
  if (gpus.entries.length === 0 && !run.heldOnGpu && job.learned.gpuMemoryMiB === undefined)
    return { unknown: `it was never seen to hold memory on ${gpus.name}` };
  return { miB: heldMiB(gpus.entries) };
}

/** What it may keep and still count as released, on all of its GPUs together. */
export const mayKeepMiB = (transition: Transition): number =>
  callsOf(transition).remainingMiB * Math.max(1, transition.run.gpus.length);
