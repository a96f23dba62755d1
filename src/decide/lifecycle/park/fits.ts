/**
 * Whether a run's VRAM may be moved out, and whether there is room for it to come back. A restore that runs out
 * of memory is final, and so is a host that does: both are looked at beforehand, and what isn't known is a no.
 */
import { list } from "../../../words/list.ts";
import { size } from "../../../words/size.ts";
import { heldMiB, roomForParkedMiB } from "../../sharing/gpu-memory.ts";
import type { Transition } from "../transition.ts";

/** The one process that holds it, or half a sentence: why it can't be parked, or what isn't known so far. */
export type Holder = { pid: number; heldMiB: number } | { never: string } | { unknown: string };

export function holderOf({ gpus, job }: Transition, availableMiB: number | null): Holder {
  if (gpus === null) return { unknown: "it isn't seen on a GPU" };
  if (gpus.unavailable !== null) return { unknown: gpus.unavailable };
  if (gpus.unparkable !== undefined) return { never: gpus.unparkable };
  const pids = [...new Set(gpus.entries.map(({ pid }) => pid))];
  const [pid] = pids;
  if (pid === undefined) return { unknown: `no process of it is seen on ${gpus.name}` };
  if (pids.length > 1)
    return { never: `pids ${list(pids)} of it are on ${gpus.name}, and only one process can be parked` };
  if (gpus.entries.some(({ gpuMemoryMiB }) => gpuMemoryMiB === undefined))
    return { unknown: `the driver doesn't tell how much pid ${pid} holds` };
  const held = heldMiB(gpus.entries);
  const kept = job.spec.park.reserveMiB;
  if (availableMiB === null) return { unknown: "how much host memory is free isn't known" };
  if (availableMiB >= held + kept) return { pid, heldMiB: held };
  const never = `its ${size(held)} of VRAM would need as much host memory, of which ${size(availableMiB)} are free and ${size(kept)} are to stay free`;
  return { never };
}

/** Why it can't be restored now, half a sentence; null where it can. */
export function noRoom({ gpus }: Transition, held: number): string | null {
  if (gpus === null || gpus.unavailable !== null) return gpus?.unavailable ?? "its GPU isn't there";
  if (gpus.takenBy !== undefined) return `${gpus.name} is held by ${gpus.takenBy}`;
  if (gpus.freeMiB === null) return `the free memory of ${gpus.name} is unknown`;
  const need = roomForParkedMiB(held, gpus.mostMiB);
  if (gpus.freeMiB >= need) return null;
  return `${gpus.name} has ${size(gpus.freeMiB)} free, and it needs ${size(need)}`;
}
