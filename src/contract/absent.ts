/**
 * What a failed read says of a checkpoint. One that isn't there, or is something else, is no checkpoint; any other
 * failure (EIO, ESTALE, EACCES) says nothing of what is on the disk.
 */
const ABSENT = ["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"];

/** `error`: what a call of the file system threw. */
export const isAbsent = (error: unknown): boolean =>
  ABSENT.includes((error as NodeJS.ErrnoException).code ?? "");
