/**
 * Writes a complaint to the job's log. Never throws: on a full disk `process.stderr` would raise an error
 * event that ends the very training it is about.
 */
import { writeSync } from "node:fs";

export function complain(sentence: string): void {
  try {
    writeSync(2, `supervisor: ${sentence}\n`);
  } catch {
    // The status file has it too.
  }
}

/** Where an error in the program's own code comes from. Disk errors (ENOSPC …) need no stack. */
export function complainWhere(error: unknown): void {
  if (error instanceof Error && !("code" in error) && error.stack) complain(error.stack);
}
