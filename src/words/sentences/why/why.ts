/**
 * The answer to "why?" in words. The only place that words it: a view that shows a part of it elsewhere
 * asks for the rest, and never cuts a sentence. Pure. All times are wall time in ms.
 */
import type { IdleGpu, Next, Why } from "../../../model/why.ts";
import { duration, elapsed } from "../../duration.ts";
import { joined } from "../../list.ts";
import { size } from "../../size.ts";
import { clockTime } from "../../time.ts";
import { begunText, besideText } from "../begun-with.ts";
import { andCopying } from "../copying.ts";
import { roomText, UNPROVEN } from "../room.ts";
import { slurmText } from "../slurm.ts";
import { sparedBy } from "../spared.ts";
import { askedText, brokenText, holdText, movesText, notReleased } from "./why-held.ts";
import { nextText } from "./why-next.ts";
import { leftText, pausingText } from "./why-pausing.ts";

/** The answer as clients get it: the data, together with the sentences that people read. */
export interface WordedWhy extends Omit<Why, "next"> {
  summary: string;
  next: (Next & { text: string }) | null;
}

export const worded = (why: Why, nowMs: number): WordedWhy => ({
  ...why,
  summary: whyText(why, nowMs),
  next: why.next === null ? null : { ...why.next, text: nextText(why.next, nowMs) },
});

/** The whole answer: the state and since when, the cause, what it waits for. */
export const whyText = (why: Why, nowMs: number): string =>
  andCopying(answer(why, nowMs, stateText(why, nowMs)), why);

/** The same for views that already show the state and its time; empty if there is no more to say. */
export const whyBeside = (why: Why, nowMs: number): string => andCopying(answer(why, nowMs, ""), why);

function answer(why: Why, nowMs: number, state: string): string {
  const waits = waitsText(why);
  const manual = byHand(why);
  if (manual !== null) {
    const asked = joined([joined([heldText(why, state), manual], "; "), waits], "; waits: ");
    return joined([asked, endText(why)], ". ");
  }
  if (why.state === "waiting")
    return joined([waits === "" ? "starts at once" : joined([state, waits], ": "), endText(why)], ". ");
  const reason = reasonText(why, nowMs);
  const end = reason === "" && state !== "" ? (ENDS[why.state] ?? "") : "";
  const whole = joined([state, reason], JOINTS[why.state] ?? ": ") + end;
  return joined([whole, waits], whole === "" ? "" : " Waits: ");
}

/** A pause by hand says nothing of the memory that it leaves held. */
const heldText = ({ state }: Why, text: string): string =>
  state === "standby" || state === "frozen" ? text : "";
/** What the end of its last run left to be told of a job without one. */
const endText = ({ failure, unsaved }: Why): string => unsaved ?? failure ?? "";

/** What is known of the state besides its name, its time and what it waits for; may be empty. */
export function reasonText(why: Why, nowMs: number): string {
  switch (why.state) {
    case "failed":
      return why.failure ?? "";
    case "finished":
      return why.finishedWith === undefined
        ? (why.assumed ?? "")
        : `with another command: ${why.finishedWith.join(" ")}`;
    case "starting":
      return why.slurm === undefined ? "its first process isn't known yet" : slurmText(why.slurm, nowMs);
    case "lost":
      return joined(
        ["an earlier supervisor left it; this one is finding out what became of it", movesText(why)],
        ": ",
      );
    case "running":
    case "serving":
      return runningText(why, nowMs);
    case "absent":
      return why.absent ?? "";
    case "pausing":
      return andTurn(pausingText(why, nowMs), why);
    default:
      return andTurn(
        joined([why.cause?.reason ?? "", endText(why), notReleased(why), brokenText(why)], " "),
        why,
      );
  }
}

/** The text between the state and its reason, and the end of a state without one. */
const JOINTS: Partial<Record<Why["state"], string>> = {
  running: "; ",
  serving: "; ",
  starting: "; ",
  finished: " ",
};
const ENDS: Partial<Record<Why["state"], string>> = { finished: ".", failed: ".", cancelled: "." };

function stateText({ state, sinceMs, overdue, server, parked }: Why, nowMs: number): string {
  const at = clockTime(sinceMs, nowMs);
  switch (state) {
    case "running":
    case "serving":
    case "absent":
    case "starting":
      return `${state} since ${at}`;
    case "waiting":
      return "waits";
    case "standby":
      return `on standby since ${at}, ${holdText(server)}`;
    case "frozen":
      return parked === undefined
        ? `frozen at ${at}, holding its memory`
        : `parked at ${at}, its ${size(parked.heldMiB)} of VRAM in host memory`;
    case "pausing":
      return overdue === undefined ? `asked to pause at ${at}` : "";
    case "lost":
      return "";
    default:
      return `${state} at ${at}`;
  }
}

function runningText(why: Why, nowMs: number): string {
  const { cancelling, stalledSinceMs: since, outsideWindow } = why;
  const parts = [
    why.slurm === undefined ? "" : slurmText(why.slurm, nowMs),
    cancelling ? "it was cancelled and asked to end" : "",
    why.left === undefined ? "" : leftText(why.left, nowMs),
    since === undefined ? "" : `no step for ${elapsed(nowMs - since)} (since ${clockTime(since, nowMs)})`,
    ...(why.idle ?? []).map((one) => idleText(one, nowMs)),
    why.begunWith === undefined ? "" : `started ${begunText(why.begunWith)}`,
    why.begunBeside === undefined ? "" : besideText(why.begunBeside),
    outsideWindow ? "outside its window by hand" : "",
    askedText(why),
    movesText(why),
    turnText(why),
    ...(why.spared ?? []).map(sparedBy),
    // Of those that free all that they hold there is nothing to say here.
    why.room !== undefined && UNPROVEN.includes(why.room) ? roomText(why.room) : "",
  ];
  return joined(parts, "; ");
}

/** "holds GPU 1 and has left it unused for 47 min (since 14:02)" */
const idleText = ({ gpu, sinceMs }: IdleGpu, nowMs: number): string =>
  `holds GPU ${gpu} and has left it unused for ${elapsed(nowMs - sinceMs)} (since ${clockTime(sinceMs, nowMs)})`;

const turnText = ({ turn, job }: Why): string =>
  turn === undefined
    ? ""
    : `${turn.user} asks for a turn of ${duration(turn.forMs)}: supervisor pause ${job}`;

const andTurn = (reason: string, why: Why): string => joined([reason, turnText(why)], " ");

/** A manual pause needs no other cause. */
const byHand = ({ waitingFor: [first] }: Why): string | null =>
  first?.code === "manual" ? first.text : null;

const waitsText = ({ waitingFor }: Why): string =>
  waitingFor
    .filter(({ code }, index) => index > 0 || code !== "manual")
    .map(({ text }) => text)
    .join("; ");
