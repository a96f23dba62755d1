/**
 * Reads control.json, the supervisor's word. The file may be missing, half written, a directory, a pipe
 * or arbitrary junk: whatever it is, this must never throw, never block and never read without a limit,
 * because it runs in the middle of a training loop.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { type Control, MOST_CONTROL_BYTES, parseControl } from "../../contract/control.ts";
import { Rejected } from "../../contract/values.ts";

/** The word; "missing" when there is no such file, "unreadable" when it makes no sense. */
export function readControl(path: string): Control | "missing" | "unreadable" {
  let fd: number;
  try {
    // O_NONBLOCK: opening a named pipe would otherwise wait for a writer.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "missing" : "unreadable";
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MOST_CONTROL_BYTES) return "unreadable";
    const bytes = Buffer.alloc(stat.size);
    const control = parseControl(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)));
    return control instanceof Rejected ? "unreadable" : control;
  } catch {
    return "unreadable";
  } finally {
    closeSync(fd);
  }
}
