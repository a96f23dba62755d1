/**
 * What a service is found to be at: at work, or asleep already, by its own word and the reading of its GPU. One that
 * answers neither way counts as at work: nothing that it may hold is free.
 */
import type { Seen } from "../../../model/seen.ts";
import { heldSince, mayKeepMiB } from "../server/held-memory.ts";
import { answerOf, ask, callsOf, lookAgain, noteTrouble, talkOf } from "../server/talk.ts";
import type { Transition } from "../transition.ts";

/** Between two looks at one that isn't ready. */
const EVERY_MS = 10_000;

export const lookAtState = (transition: Transition): void => ask(transition, "looking", "ready");

/** Whether that is still being found out; it is at work meanwhile. */
export function isLooking(transition: Transition, seen: Seen): boolean {
  const { talk } = transition.run;
  if (talk?.at !== "looking") return false;
  const answer = answerOf(transition, seen);
  if (answer === null) return true;
  if (talk.question === "released") {
    if (answer.is === "yes" && isAsleep(transition)) return true;
    lookAgain(transition, { question: "ready", everyMs: EVERY_MS });
  } else if (answer.is === "yes") {
    const { trouble: _, ...rest } = talk;
    transition.know({ talk: { ...rest, at: "resting" } });
  } else {
    noteTrouble(transition, answer);
    if (callsOf(transition).released.length === 0)
      lookAgain(transition, { question: "ready", everyMs: EVERY_MS });
    else ask(transition, "looking", "released", { trouble: answer.why });
  }
  return true;
}

/** Its word alone counts only where its GPU can't be read. */
function isAsleep(transition: Transition): boolean {
  const { now, run } = transition;
  const held = heldSince(transition, talkOf(transition).sinceMs);
  if ("old" in held) return true;
  if ("miB" in held && held.miB > mayKeepMiB(transition)) return false;
  const remainderMiB = "miB" in held ? held.miB : null;
  const shownBy = "miB" in held ? ("gpu" as const) : ("server" as const);
  const reason = "It was asleep already when it was looked at.";
  transition.tell("pause.completed", "recovery", reason, {
    outcome: { method: "http", shownBy, remainderMiB, pausedAfterMs: 0 },
  });
  const cause = { actor: "recovery", reason, critical: false } as const;
  const server = { released: true, remainderMiB, shownBy } as const;
  const talk = { ...talkOf(transition), at: "resting" as const, sinceMs: now.monotonicMs };
  transition.become({ name: "standby", since: now, run: { ...run, talk }, cause, server });
  return true;
}
