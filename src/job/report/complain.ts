/**
 * Says something to whoever reads the job's log. Never throws: on a full disk `process.stderr` would
 * raise an error event that ends the training which the complaint is about.
 */
import { writeSync } from "node:fs";

export function complain(sentence: string): void {
  try {
    writeSync(2, `supervisor: ${sentence}\n`);
  } catch {
    // It is in the status file too.
  }
}

/** Where an error of the program's own code comes from. What the disk says (ENOSPC …) needs no stack. */
export function complainWhere(error: unknown): void {
  if (error instanceof Error && !("code" in error) && error.stack) complain(error.stack);
}
