/** A process as it is shown to people and kept in the audit log, whatever it is evidence of. */
import type { ProcessEvidence } from "../../model/machine.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { readCommand, uidOf } from "../proc/process.ts";
import { userName } from "../proc/user-name.ts";

/** `uid`: the real user, null where it can't be seen. What the process uses is added by who measures it. */
export function evidenceOf(stat: ProcessStat, uid: number | null = uidOf(stat.pid)): ProcessEvidence {
  return {
    pid: stat.pid,
    startTime: stat.startTime,
    user: uid === null ? "?" : userName(uid),
    ...(isOtherUser(uid) && { otherUser: true as const }),
    command: readCommand(stat),
  };
}

/** Of a process that /proc hides from us: it is there, and another user's. */
export const hiddenEvidence = (pid: number): ProcessEvidence => ({
  pid,
  startTime: null,
  user: "somebody",
  command: "a process that is hidden from us",
});

/** Jobs run as the supervisor's own user, so a process of another user is none of them. */
export const isOtherUser = (uid: number | null): boolean => uid !== null && uid !== process.getuid?.();
