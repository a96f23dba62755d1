/**
 * A server on standby: its memory is looked at as long as it rests. Many load their model again at any client's
 * request; that is told at once, and it is asked again with back-off.
 */
import type { Seen } from "../../../model/seen.ts";
import type { ServerHold } from "../../../model/server.ts";
import { duration } from "../../../words/duration.ts";
import { size } from "../../../words/size.ts";
import type { Transition } from "../transition.ts";
import { heldSince, mayKeepMiB } from "./held-memory.ts";
import { againInMs } from "./not-released.ts";
import { answerOf, callsOf, lookAgain, talkOf } from "./talk.ts";

/** Between two looks at what the server says, where its GPU can't be read. */
const ASK_EVERY_MS = 10_000;

export function onRest(transition: Transition, seen: Seen): void {
  const { state } = transition;
  if (state.name !== "standby" || state.server === undefined) return;
  const held = heldSince(transition, talkOf(transition).sinceMs);
  if ("miB" in held) {
    const isFree = held.miB <= mayKeepMiB(transition);
    if (isFree) rests(transition, { released: true, remainderMiB: held.miB, shownBy: "gpu" });
    else if (state.server.released) woke(transition, `it holds ${size(held.miB)} again`);
  } else if ("unknown" in held && callsOf(transition).released.length > 0) askWhatItHolds(transition, seen);
}

function askWhatItHolds(transition: Transition, seen: Seen): void {
  const { state } = transition;
  const { question } = talkOf(transition);
  const answer = question === "released" ? answerOf(transition, seen) : null;
  if (answer?.is === "yes") rests(transition, { released: true, remainderMiB: null, shownBy: "server" });
  else if (answer?.is === "no" && state.name === "standby" && state.server?.released)
    woke(transition, `it has loaded itself again: ${answer.why}`);
  if (question !== "released" || answer !== null)
    lookAgain(transition, { question: "released", everyMs: ASK_EVERY_MS });
}

/** Told only where it wasn't so before. */
function rests(transition: Transition, server: Extract<ServerHold, { released: true }>): void {
  const { state } = transition;
  if (state.name !== "standby" || state.server === undefined) return;
  if (!state.server.released) {
    const left = server.remainderMiB === null ? "" : `; ${size(server.remainderMiB)} of it remain`;
    transition.tell("pause.completed", state.cause.actor, `Its server has now released its memory${left}.`, {
      outcome: { method: "http", ...server },
    });
  } else if (state.server.remainderMiB === server.remainderMiB) return;
  transition.become({ ...state, server });
}

function woke(transition: Transition, what: string): void {
  const { state, now } = transition;
  if (state.name !== "standby") return;
  const talk = talkOf(transition);
  const inMs = againInMs(talk.again);
  const reason = `Its server was asked to rest, and ${what}: somebody's request may have woken it.`;
  const plan = inMs === 0 ? "It is asked again." : `It is asked again in ${duration(inMs)}.`;
  transition.tell("pause.failed", "supervisor", `${reason} ${plan}`, {
    outcome: { method: "http", again: talk.again },
  });
  transition.know({ talk: { ...talk, again: talk.again + 1 } });
  const server = { released: false, why: reason, againMs: now.monotonicMs + inMs } as const;
  transition.become({ ...state, run: transition.run, server });
}
