/** A process as people see it and as the audit log keeps it, whatever it is evidence of. */
import type { ProcessEvidence } from "../../model/machine.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { readCommand, uidOf } from "../proc/process.ts";
import { userName } from "../proc/user-name.ts";
import { containerOf } from "./container-names.ts";

/** `uid`: the real user, null where it is hidden. The caller adds what the process uses. */
export function evidenceOf(stat: ProcessStat, uid: number | null = uidOf(stat.pid)): ProcessEvidence {
  const container = containerOf(stat);
  return {
    pid: stat.pid,
    startTime: stat.startTime,
    user: uid === null ? "?" : userName(uid),
    ...(isOtherUser(uid) && { otherUser: true as const }),
    command: readCommand(stat),
    ...(container && { container }),
  };
}

/** Evidence for another user's process that /proc hides. */
export const hiddenEvidence = (pid: number): ProcessEvidence => ({
  pid,
  startTime: null,
  user: "another user",
  command: "a hidden process",
});

/** Jobs run as the supervisor's user, so another user's process belongs to none of them. */
export const isOtherUser = (uid: number | null): boolean => uid !== null && uid !== process.getuid?.();
