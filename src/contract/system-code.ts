/**
 * What a failed read says of a checkpoint. One that isn't there, or is something else, is no checkpoint; any other
 * failure (EIO, ESTALE, EACCES) says nothing of what is on the disk.
 */
import { constants } from "node:os";
import { isSystemError } from "../refusal.ts";

const ABSENT = ["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"];

/** The code of what the system refused; null for any other error. */
export function systemCode(error: unknown): string | null {
  if (!isSystemError(error)) return null;
  const { code = "", errno = 0 } = error;
  // Node has no name for some of them, such as ESTALE and EDQUOT.
  return Object.entries(constants.errno).find(([, number]) => number === -errno)?.[0] ?? code;
}

/** `error`: what a call of the file system threw. */
export const isAbsent = (error: unknown): boolean => ABSENT.includes(systemCode(error) ?? "");
