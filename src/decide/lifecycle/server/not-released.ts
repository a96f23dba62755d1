/** A server whose memory wasn't seen to go: what its config says is done, and nothing is called free. */
import { graceMs } from "../../../model/grace.ts";
import { isSeveral } from "../../../model/job.ts";
import { duration } from "../../../words/duration.ts";
import type { Transition } from "../transition.ts";
import { callsOf, talkOf } from "./talk.ts";

/** Between two tries to have it release: at once, then after 10 s, 20 s, up to an hour. */
const FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 3_600_000;

/** @param tries how many times in a row it was asked in vain, or has loaded itself again */
export const againInMs = (tries: number): number =>
  tries === 0 ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));

/** @param why a sentence without its full stop */
export function giveUp(transition: Transition, why: string): void {
  const { otherwise } = callsOf(transition);
  if (otherwise === "freeze" && !isSeveral(transition.job)) freezeInstead(transition, why);
  else if (otherwise === "checkpoint") signalInstead(transition, why);
  else stay(transition, why);
}

/** It stays on standby with its memory, and is asked again. */
function stay(transition: Transition, why: string): void {
  const { now } = transition;
  const { run, request } = transition.pausing("seen");
  const talk = talkOf(transition);
  const again = talk.again + 1;
  const inMs = againInMs(again);
  const waitedMs = now.monotonicMs - request.askedAt.monotonicMs;
  const reason = `${why}.`;
  transition.tell("pause.failed", "supervisor", `${reason} It is asked again in ${duration(inMs)}.`, {
    outcome: { method: "http", waitedMs },
  });
  const resting = { ...run, talk: { ...talk, at: "resting" as const, again } };
  const server = { released: false, why: reason, againMs: now.monotonicMs + inMs } as const;
  transition.become({ name: "standby", since: now, run: resting, cause: request.cause, server });
}

function freezeInstead(transition: Transition, why: string): void {
  const reason = `${why}. It is frozen instead: its memory stays held.`;
  transition.tell("pause.forced", "supervisor", reason, { outcome: { method: "freeze" } });
  transition.amend({ method: "freeze" });
  transition.perform({ do: "freeze", run: transition.run });
}

function signalInstead(transition: Transition, why: string): void {
  const { job, now } = transition;
  const sequence = (transition.run.sequence ?? 0) + 1;
  const reason = `${why}. It is asked to save and exit instead.`;
  transition.tell("pause.forced", "supervisor", reason, { outcome: { method: "checkpoint" } });
  transition.know({ sequence });
  const deadlineMs = now.monotonicMs + graceMs(job.spec.pause.graceSeconds, job.learned);
  transition.amend({ method: "checkpoint", sequence, askedAt: now, deadlineMs, overdue: null });
  transition.perform({ do: "control", run: transition.run, want: "pause", sequence });
}
