/** How far a pause has come, in words. Pure. All times are wall time in ms. */
import type { Why } from "../../../model/why.ts";
import { duration } from "../../duration.ts";
import { list, plural } from "../../list.ts";
import { size } from "../../size.ts";
import { clockTime, exactTime } from "../../time.ts";
import { slurmText } from "../slurm.ts";
import { askedText, movesText } from "./why-held.ts";

export function pausingText(why: Why, nowMs: number): string {
  const { cause, overdue, exited, left, listed, unheard, streams, sinceMs } = why;
  const reason = cause?.reason ?? "";
  if (listed !== undefined)
    return `${reason} Its processes have ended, but ${listedText(listed)}; its memory doesn't count as free until the driver drops that entry.`;
  if (why.slurm?.silentSinceMs !== undefined) return `${reason} ${slurmText(why.slurm, nowMs)}.`;
  if (exited && left !== undefined) return `${reason} ${leftText(left, nowMs)}.`;
  if (exited) return `${reason} Its first process has exited; the rest of the run is being checked.`;
  if (why.ending !== undefined) return `${reason} It ${endingText(why.ending)}.`;
  if (overdue === undefined && why.asked !== undefined) return `${reason} ${askedText(why)}.`;
  if (overdue === undefined && why.moves !== undefined) return `${reason} ${movesText(why)}.`;
  if (unheard !== undefined) return `${reason} It doesn't catch ${unheard} yet, so the signal waits.`;
  const obstacle = obstacleText(why);
  const its = obstacle === "" ? "" : ` It ${obstacle}.`;
  if (overdue === undefined && obstacle !== "") return `${reason}${its}`;
  if (overdue === undefined && streams !== undefined)
    return `${reason} ${streams.held} of its ${plural(streams.open, "stream")} ${streams.held === 1 ? "has" : "have"} come to the end of a frame.`;
  if (overdue === undefined) return reason;
  const at = clockTime(sinceMs, nowMs);
  if (overdue.forced === "frozen")
    return `frozen, as it didn't pause in time (asked at ${at}): ${reason}${its}`;
  const forced = overdue.forced === "waiting" ? "nothing was forced" : `it was ${overdue.forced}`;
  const gpu = overdue.gpu === null ? "" : ` ${overdue.gpu} is still in use.`;
  return `still running ${duration(overdue.askedForMs)} after it was asked to pause (${at}); ${forced}.${gpu} ${reason}${its}`;
}

/** What ends it before its grace is over; goes on from its name. */
export const endingText = (ending: NonNullable<Why["ending"]>): string => ENDING[ending];

const ENDING = {
  saved: "saved a checkpoint by itself, so it is ended",
  "by hand": "was asked to end by SIGTERM",
};

/** "the driver still lists pid 4711 with 5.9 GiB on GPU 0" */
export const listedText = ({ gpu, pids, heldMiB }: NonNullable<Why["listed"]>): string =>
  `the driver still lists pid ${list(pids)}${heldMiB === 0 ? "" : ` with ${size(heldMiB)}`} on ${gpu}`;

/** "Its first process has exited; the supervisor has been waiting since 10:04 for 'python' (pid 4711) and 2 others" */
export function leftText({ command, pid, others, sinceMs }: NonNullable<Why["left"]>, nowMs: number): string {
  const more = others > 0 ? ` and ${plural(others, "other")}` : "";
  return `Its first process has exited; the supervisor has been waiting since ${clockTime(sinceMs, nowMs)} for '${command}' (pid ${pid})${more}`;
}

/** What keeps it from saving, and what becomes of it for that; empty of any other. Goes on from its name. */
export function obstacleText({ cantAsk, reportUntilMs, unstepped, error }: Why): string {
  switch (cantAsk) {
    case "until it saves":
      return "can't be asked to save: it is ended after the next checkpoint that it saves";
    case "until its grace ends":
      return "can't be asked to save: it is ended when its grace is over";
    case "until it reports":
      return mayReport(reportUntilMs === undefined ? "soon" : `by ${exactTime(reportUntilMs)}`);
    default:
      if (unstepped) return "hasn't called job.step() yet, so nothing can pause it there";
      return error === undefined ? "" : `reports: ${error.replace(/\.$/, "")}`;
  }
}

/** "has only just begun, and …: it is frozen if it hasn't by 14:02:11"; goes on from its name. */
export const mayReport = (when: string): string =>
  `has only just started, and may still report that it saves: it is frozen if it hasn't ${when}`;
