/**
 * What a failed read says of a checkpoint. One that isn't there, or is something else, is no checkpoint; any other
 * failure (EIO, ESTALE, EACCES) says nothing of what is on the disk.
 */
import { constants } from "node:os";

const ABSENT = ["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"];

/**
 * `EACCES`, `ENOSPC` and the like; null for any other error. Node's own, such as `ERR_INVALID_ARG_TYPE`, mean a bug in our
 * call.
 */
export function systemCode(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code, errno = 0 } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || !/^(E[A-Z0-9]+|Unknown system error -\d+)$/.test(code)) return null;
  // Node has no name for some of them, such as ESTALE and EDQUOT.
  return Object.entries(constants.errno).find(([, number]) => number === -errno)?.[0] ?? code;
}

/** `error`: what a call of the file system threw. */
export const isAbsent = (error: unknown): boolean => ABSENT.includes(systemCode(error) ?? "");
