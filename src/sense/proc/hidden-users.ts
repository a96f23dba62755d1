/** Whether other users' processes are hidden here (`hidepid`, a security module). Found by trying, since who may see them varies. */
import { readStat } from "./process.ts";

/** Why they can't be seen, half a sentence; null when they can. The first process is always there and always root's. */
export const hiddenUsers = (first: unknown = readStat(1)): string | null =>
  first === null ? "other users' processes are hidden here (hidepid on /proc)" : null;
