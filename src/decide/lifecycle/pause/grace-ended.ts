/**
 * The end of the grace period: reports the pause as overdue and does what `onTimeout` names. Forces
 * nothing before the deadline; kills where `onTimeout` says so, or a person or its time limit has ended the run.
 */

import { KILLED_AFTER_MS } from "../../../model/grace.ts";
import { isSeveral } from "../../../model/job.ts";
import type { Seen } from "../../../model/seen.ts";
import type { PauseRequest } from "../../../model/state.ts";
import { duration } from "../../../words/duration.ts";
import { lostSince, stepsLost } from "../end/steps-lost.ts";
import type { Transition } from "../transition.ts";

const FORCED = { freeze: "frozen", terminate: "terminated", kill: "killed" } as const;

export function watchGrace(transition: Transition, seen: Seen): void {
  const { request } = transition.pausing("seen");
  if (transition.now.monotonicMs < request.deadlineMs) return;
  if (request.overdue === "terminated" && request.endedByHand) killAtLast(transition);
  if (request.overdue !== null) return;
  if (request.release && seen.exit === null) {
    stayOnStandby(transition);
    return;
  }
  const force = meansOf(transition, request);
  tellOverdue(transition, seen, force);
  const deadlineMs = transition.now.monotonicMs + KILLED_AFTER_MS;
  transition.amend(force === "wait" ? { overdue: "waiting" } : { overdue: FORCED[force], deadlineMs });
  if (force !== "wait") forceOut(transition, force);
}

/** Its context couldn't be saved. Nothing is lost: it holds its memory, and goes on when it may. */
function stayOnStandby(transition: Transition): void {
  const { run, request } = transition.pausing("seen");
  const waitedMs = transition.now.monotonicMs - request.askedAt.monotonicMs;
  const reason = `Asked to release its memory, it hadn't saved its context ${duration(waitedMs)} later${itsError(transition)}. It stays on standby and keeps its memory.`;
  transition.tell("pause.failed", "supervisor", reason, { outcome: { waitedMs, stepsLost: 0 } });
  const sequence = request.sequence + 1;
  const { cause } = request;
  transition.become({ name: "standby", since: transition.now, run: { ...run, sequence }, cause });
  transition.perform({ do: "control", run: transition.run, want: "standby", sequence });
}

/** Ranks frozen past their timeout fail on the thaw, so a run of several is never frozen. */
function meansOf({ job }: Transition, { method }: PauseRequest): keyof typeof FORCED | "wait" {
  const { onTimeout } = job.spec.pause;
  const inPlace = method === "freeze" || method === "park";
  return inPlace || (onTimeout === "freeze" && isSeveral(job)) ? "wait" : onTimeout;
}

function tellOverdue(transition: Transition, seen: Seen, force: keyof typeof FORCED | "wait"): void {
  const waitedMs = transition.now.monotonicMs - transition.pausing("seen").request.askedAt.monotonicMs;
  const left = seen.alive ? "still running" : "with processes left";
  const plan = force === "wait" ? "nothing was forced" : `it is now ${FORCED[force]}`;
  const reason = `Asked to pause, ${left} ${duration(waitedMs)} later${itsError(transition)}; ${plan}.`;
  transition.tell("pause.overdue", "supervisor", reason, {
    outcome: { waitedMs, stepsAtRisk: stepsLost(transition) },
  });
}

/** What the job says of it, in brackets. */
function itsError({ job: { progress } }: Transition): string {
  return progress?.error === undefined ? "" : ` (${progress.error})`;
}

function forceOut(transition: Transition, force: keyof typeof FORCED): void {
  const lost = force === "freeze" ? 0 : stepsLost(transition);
  const atRisk = lost === null ? "" : ` Up to ${lostSince(lost)}.`;
  const costs = force === "freeze" ? " Its memory stays held." : atRisk;
  transition.tell("pause.forced", "supervisor", `Its grace ran out: it is ${FORCED[force]}.${costs}`, {
    outcome: { method: force, stepsLost: lost },
  });
  transition.perform({ do: force, run: transition.run });
}

/** Only for a run that a person or its time limit has ended. */
function killAtLast(transition: Transition): void {
  transition.amend({ overdue: "killed" });
  const reason = `It didn't end within ${duration(KILLED_AFTER_MS)} of SIGTERM: it is killed.`;
  transition.tell("pause.forced", transition.pausing("seen").request.cause.actor, reason, {
    outcome: { method: "kill", stepsLost: stepsLost(transition) },
  });
  transition.perform({ do: "kill", run: transition.run });
}
