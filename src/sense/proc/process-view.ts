/**
 * In which view of the machine's processes a pid and a start time mean what they mean here: the pid namespace counts the
 * pids, the time namespace the start times. Reads only.
 */
import { readlinkSync } from "node:fs";

let known: string | null | undefined;

/** Alike in processes that mean the same by a pid and a start time; null where that is unknown. Never throws. */
export function processView(): string | null {
  if (known === undefined) known = read();
  return known;
}

function read(): string | null {
  try {
    // Where /proc was mounted for another pid namespace, it doesn't show what the pids here mean.
    if (Number(readlinkSync("/proc/self")) !== process.pid) return null;
    return `${readlinkSync("/proc/self/ns/pid")} ${timeNamespace()}`;
  } catch {
    return null;
  }
}

/** Kernels before 5.6 have none. */
function timeNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/time");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "time:none";
    throw error;
  }
}
