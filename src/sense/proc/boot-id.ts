/** Which boot of the machine this is: pids and monotonic times mean something only within one. */
import { readFileSync } from "node:fs";
import { UNKNOWN_BOOT } from "../../model/time.ts";

let known: string | null = null;

/** Read once; UNKNOWN_BOOT where the system doesn't tell. Never throws. */
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
