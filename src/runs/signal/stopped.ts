/** Whether the processes of a run are stopped, as /proc shows them. Reads only. */
import { constants } from "node:os";
import type { RunProcess } from "../../sense/owners/run-processes.ts";
import { readOnce } from "../../sense/proc/kept-file.ts";
import { parseStatusLine } from "../../sense/proc/parse.ts";

/** Every process of a run is stopped. A run without processes is gone, not stopped. */
export const areStopped = (processes: RunProcess[]): boolean =>
  processes.length > 0 && processes.every(isStopped);

/**
 * Stopped, or in the kernel with the stop pending. A parent that waits there for its vfork()ed child to
 * exec stays there for as long as the child is stopped.
 */
export function isStopped({ pid, state }: RunProcess): boolean {
  if (state !== "D") return state === "T" || state === "t";
  const pending = parseStatusLine(readOnce(`/proc/${pid}/status`) ?? "", "ShdPnd");
  if (!pending || !/^[0-9a-f]+$/i.test(pending)) return false;
  return ((BigInt(`0x${pending}`) >> BigInt(constants.signals.SIGSTOP - 1)) & 1n) === 1n;
}
