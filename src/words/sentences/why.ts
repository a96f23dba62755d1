/**
 * The answer to "why?" in words. The only place that words it: a view that shows a part of it elsewhere
 * asks for the rest, and never cuts a sentence. Pure. All times are wall time in ms.
 */
import type { IdleGpu, Next, WaitingFor, Why } from "../../model/decision.ts";
import { duration, elapsed } from "../duration.ts";
import { list, plural } from "../list.ts";
import { size } from "../size.ts";
import { clockTime, coming, timeAndComing } from "../time.ts";
import { roomText, UNPROVEN } from "./room.ts";
import { slurmText } from "./slurm.ts";
import { sparedBy } from "./spared.ts";

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
export const whyText = (why: Why, nowMs: number): string => answer(why, nowMs, stateText(why, nowMs));

/** The same for views that already show the state and its time; empty if there is no more to say. */
export const whyBeside = (why: Why, nowMs: number): string => answer(why, nowMs, "");

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

/** What comes next, with its time: "may go on at 07:00, if nothing else comes up". */
export function nextText(next: Next, nowMs: number): string {
  const at = clockTime(next.atMs, nowMs);
  switch (next.what) {
    case "window-closes":
      return `pauses when ${next.window === undefined ? "its window" : `window '${next.window}'`} closes at ${at}`;
    case "grace-ends":
      return `its grace ends at ${at}`;
    case "release":
      return `gives its memory back at ${at}`;
    case "time-limit":
      return `ends at ${at}: its time limit`;
    case "retry":
      return `tries again at ${at}, if nothing else comes up`;
    case "window-opens":
    case "may-go-on":
      return `may go on at ${at}, if nothing else comes up`;
  }
}

/** The same, with the time left until then. */
export const nextAndComing = (next: Next, nowMs: number): string =>
  `${nextText(next, nowMs)} (${coming(next.atMs, nowMs)})`;

/** Waits whose text already names the moment at which they end. */
const NAME_THEIR_END: WaitingFor["code"][] = [
  "manual",
  "window",
  "not-before",
  "back-off",
  "budget",
  "restart",
];

/** What it waits for, with the time left until that ends. */
export function waitAndComing({ code, text, untilMs }: WaitingFor, nowMs: number): string {
  if (untilMs === undefined) return text;
  const named = NAME_THEIR_END.includes(code);
  return `${text} (${named ? coming(untilMs, nowMs) : `until ${timeAndComing(untilMs, nowMs)}`})`;
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

/** What a job on standby holds: a server may have given it back. */
export function holdText(server: Why["server"]): string {
  if (!server?.released) return "holding its memory";
  if (server.remainderMiB === null) return "its memory given back, as its server says";
  return `its memory given back${server.remainderMiB === 0 ? "" : ` but for ${size(server.remainderMiB)}`}`;
}

const MOVES: Record<NonNullable<Why["moves"]>["at"], string> = {
  checking: "its VRAM is about to be moved out",
  locking: "the driver is stopping its work on the GPU",
  listing: "the processes on its GPU are listed again",
  moving: "its VRAM is being moved into host memory",
  emptying: "its VRAM was moved out, and that is looked for",
  stopping: "its VRAM was moved out, and it is being stopped",
  undoing: "the driver is letting it go on",
  parked: "",
  claiming: "it has claimed its GPU, and looks whether there is room",
  restoring: "its VRAM is being brought back",
  unlocking: "its VRAM is back, and the driver is letting it go on",
  asking: "the driver is asked where its VRAM is",
};

/** Where the move of its VRAM is; empty of any other job. */
export const movesText = ({ moves }: Pick<Why, "moves">): string =>
  moves === undefined ? "" : `${MOVES[moves.at]}${moves.trouble === undefined ? "" : ` (${moves.trouble})`}`;

const notReleased = ({ server }: Why): string => (server?.released === false ? server.why : "");

/** Why a parked job can't come back, unless that is its cause. */
const brokenText = ({ parked, cause }: Why): string =>
  parked?.broken === undefined || parked.broken === cause?.reason ? "" : parked.broken;

const ASKED: Record<NonNullable<Why["asked"]>["at"], string> = {
  looking: "its server is asked what it is at",
  draining: "its server is being drained",
  releasing: "its server is asked to give its memory back",
  emptying: "its server was asked to give its memory back, and that is looked for",
  resting: "",
  restoring: "its server is asked to come back",
  readying: "its server was asked to come back, and isn't ready yet",
};

/** What its server is asked just now; empty of any other job. */
export const askedText = ({ asked }: Pick<Why, "asked">): string =>
  asked === undefined ? "" : `${ASKED[asked.at]}${asked.trouble === undefined ? "" : ` (${asked.trouble})`}`;

function runningText(why: Why, nowMs: number): string {
  const { cancelling, stalledSinceMs: since, outsideWindow } = why;
  const parts = [
    why.slurm === undefined ? "" : slurmText(why.slurm, nowMs),
    cancelling ? "it was cancelled and asked to end" : "",
    why.left === undefined ? "" : leftText(why.left, nowMs),
    since === undefined ? "" : `no step for ${elapsed(nowMs - since)} (since ${clockTime(since, nowMs)})`,
    ...(why.idle ?? []).map((one) => idleText(one, nowMs)),
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

function pausingText(why: Why, nowMs: number): string {
  const { cause, overdue, exited, left, listed, unheard, cantAsk, streams, sinceMs } = why;
  const reason = cause?.reason ?? "";
  if (listed !== undefined)
    return `${reason} Its processes have ended, but ${listedText(listed)}; that is no relief until it is gone.`;
  if (why.slurm?.silentSinceMs !== undefined) return `${reason} ${slurmText(why.slurm, nowMs)}.`;
  if (exited && left !== undefined) return `${reason} ${leftText(left, nowMs)}.`;
  if (exited) return `${reason} Its first process has exited; the rest of the run is being checked.`;
  if (overdue === undefined && why.asked !== undefined) return `${reason} ${askedText(why)}.`;
  if (overdue === undefined && why.moves !== undefined) return `${reason} ${movesText(why)}.`;
  if (unheard !== undefined) return `${reason} It doesn't catch ${unheard} yet, so the signal waits.`;
  if (cantAsk !== undefined) return `${reason} It can't be asked to save: ${UNASKED[cantAsk]}.`;
  if (overdue === undefined && streams !== undefined)
    return `${reason} ${streams.held} of its ${plural(streams.open, "stream")} ${streams.held === 1 ? "has" : "have"} come to the end of a frame.`;
  if (overdue === undefined) return reason;
  const at = clockTime(sinceMs, nowMs);
  if (overdue.forced === "frozen") return `frozen, as it didn't pause in time (asked at ${at}): ${reason}`;
  const forced = overdue.forced === "waiting" ? "nothing was forced" : `it was ${overdue.forced}`;
  const gpu = overdue.gpu === null ? "" : ` ${overdue.gpu} is still in use.`;
  return `still running ${duration(overdue.askedForMs)} after it was asked to pause (${at}); ${forced}.${gpu} ${reason}`;
}

/** "the driver still lists pid 4711 with 5.9 GiB on GPU 0" */
export const listedText = ({ gpu, pids, heldMiB }: NonNullable<Why["listed"]>): string =>
  `the driver still lists pid ${list(pids)}${heldMiB === 0 ? "" : ` with ${size(heldMiB)}`} on ${gpu}`;

function leftText({ command, pid, others, sinceMs }: NonNullable<Why["left"]>, nowMs: number): string {
  const more = others > 0 ? ` and ${plural(others, "other")}` : "";
  return `Its first process has exited; since ${clockTime(sinceMs, nowMs)} it waits for '${command}' (pid ${pid})${more}`;
}

const UNASKED = {
  "until it saves": "it is ended after the next checkpoint that it saves",
  "until its grace ends": "it is ended when its grace is over",
  "until it reports": "it has only just begun, and is frozen if it doesn't report soon",
};

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

/** Joins the nonempty parts with `joint`. */
const joined = (parts: string[], joint: string): string => parts.filter((part) => part !== "").join(joint);
