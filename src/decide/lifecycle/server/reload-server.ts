/** The way back of a server: asked to load its model again, and at work once it says that it is ready. */
import type { Seen } from "../../../model/seen.ts";
import { duration } from "../../../words/duration.ts";
import type { Transition } from "../transition.ts";
import { answerOf, ask, callsOf, lookAgain, noteTrouble, talkOf } from "./talk.ts";

/** Between two tries, and after how many its run is ended and begun again. */
const TRY_AGAIN_MS = 30_000;
const MOST_FAILURES = 3;
const LONGEST_WAIT_MS = 3_600_000;

export function askToRestore(transition: Transition): void {
  const { restore, ready, url } = callsOf(transition);
  if (restore.length > 0) {
    const sent = restore.map(({ method, path }) => `${method} ${path}`).join(", then ");
    transition.tell("server.asked", "supervisor", `Its server is asked to come back: ${sent}.`, {
      outcome: { url },
    });
    ask(transition, "restoring", "restore", { again: 0 });
  } else if (ready.length > 0) ask(transition, "readying", "ready", { again: 0 });
  // It loads its model at the next request.
  else done(transition);
}

/** Whether it is still on its way back. */
export function isComingBack(transition: Transition, seen: Seen): boolean {
  const { talk } = transition.run;
  if (talk?.at !== "restoring" && talk?.at !== "readying") return false;
  const answer = answerOf(transition, seen);
  if (answer !== null && answer.is !== "yes") noteTrouble(transition, answer);
  if (talk.at === "restoring") {
    if (answer === null) return true;
    const { ready } = callsOf(transition);
    // Its own answer to the look counts more than the one to the request: it may have been awake already.
    if (ready.length > 0) ask(transition, "readying", "ready", troubleOf(transition));
    else if (answer.is === "yes") done(transition);
    else failed(transition);
    return talkOf(transition).at !== "resting";
  }
  if (answer?.is === "yes") {
    done(transition);
    return false;
  }
  if (transition.now.monotonicMs - talk.sinceMs >= callsOf(transition).timeoutSeconds * 1000)
    failed(transition);
  else if (answer !== null) lookAgain(transition, { question: "ready" });
  return true;
}

function troubleOf(transition: Transition): { trouble?: string } {
  const { trouble } = talkOf(transition);
  return trouble === undefined ? {} : { trouble };
}

function done(transition: Transition): void {
  const { trouble: _, releaseMs: __, ...talk } = transition.run.talk ?? talkOf(transition);
  transition.know({ talk: { ...talk, at: "resting", again: 0, failures: 0 } });
}

function failed(transition: Transition): void {
  const { now, job } = transition;
  const state = transition.live();
  const talk = talkOf(transition);
  const failures = talk.failures + 1;
  const said = talk.trouble === undefined ? "" : ` (${talk.trouble})`;
  const { service } = state.run;
  // A service isn't ours to end; it is asked ever less often.
  const ends = failures >= MOST_FAILURES && !service;
  const inMs = service ? Math.min(LONGEST_WAIT_MS, TRY_AGAIN_MS * 2 ** (failures - 1)) : TRY_AGAIN_MS;
  const plan = ends ? "Its run is ended, to begin again" : `It is tried again in ${duration(inMs)}`;
  const reason = `Its server was asked to come back, and isn't ready${said}`;
  transition.tell("resume.failed", "supervisor", `${reason}. ${plan}.`, { outcome: { failures } });
  transition.forget("resuming");
  transition.know({
    talk: { ...talk, at: "resting", failures: ends ? 0 : failures, sinceMs: now.monotonicMs },
  });
  const notBeforeMs = now.monotonicMs + inMs;
  transition.note({ attempts: { ...job.attempts, notBeforeMs }, unready: "its server didn't come back" });
  const server = { released: false, why: `${reason}.`, againMs: notBeforeMs } as const;
  const cause = { actor: "supervisor", reason: `${reason}.`, critical: false } as const;
  transition.become({ name: "standby", since: now, run: transition.run, cause, server });
  if (ends) transition.perform({ do: "terminate", run: state.run });
}
