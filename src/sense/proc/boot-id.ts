/** Identifies this boot of the machine: pids and monotonic times are valid within one boot only. */
import { readFileSync } from "node:fs";
import { UNKNOWN_BOOT } from "../../model/time.ts";

let known: string | null = null;

/** Read once; UNKNOWN_BOOT where the system has none. Never throws. */
export function bootId(): string {
  known ??= read() || UNKNOWN_BOOT;
  return known;
}

function read(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 64).trim();
  } catch {
    return "";
  }
}
