/** What comes next for a job, and what it waits for, in words with their times. Pure. All times are wall time in ms. */
import type { Next, WaitingFor } from "../../../model/why.ts";
import { clockTime, coming, timeAndComing } from "../../time.ts";

/** What comes next, with its time: "may run from 07:00, if nothing else comes up". */
export function nextText(next: Next, nowMs: number): string {
  const at = clockTime(next.atMs, nowMs);
  switch (next.what) {
    case "window-closes":
      return `pauses when ${next.window === undefined ? "its window" : `window '${next.window}'`} closes at ${at}`;
    case "grace-ends":
      return `its grace ends at ${at}`;
    case "release":
      return `releases its memory at ${at}`;
    case "time-limit":
      return `ends at ${at}: its time limit`;
    case "retry":
      return `tries again at ${at}, if nothing else comes up`;
    case "window-opens":
    case "may-go-on":
      return `may run from ${at}, if nothing else comes up`;
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
