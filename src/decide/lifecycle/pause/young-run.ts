/**
 * A pause that a person, a window or a stop asks of a run so young that its program may not have come to its job
 * library yet (importing torch takes seconds): it is asked to save, and frozen only when no report comes. A freeze that is
 * wanted as such isn't put off, nor is one by a rule: nothing delays a yield.
 */
import type { PauseDecision } from "../../../model/decision.ts";
import { graceMs } from "../../../model/grace.ts";
import { savesBy } from "../../../model/job.ts";
import type { Seen } from "../../../model/seen.ts";
import { askedByRule } from "../../../model/state.ts";
import { duration } from "../../../words/duration.ts";
import { mayReport } from "../../../words/sentences/why/why-pausing.ts";
import type { Transition } from "../transition.ts";

/** From its launch to its first report, for a program that loads much from a slow disk. */
const REPORTS_WITHIN_MS = 30_000;

/** Programs and scripts of the languages that have a job library. */
const MAY_REPORT = /(^|\/)(i?python|pypy|node|tsx|uv|conda|torchrun|accelerate)[\d.]*$|\.(py|[cm]?[jt]s)$/;

/** Until when, in monotonic time, a report is waited for; null where it isn't. */
export function reportAwaitedUntil(transition: Transition, decision: PauseDecision): number | null {
  const { job, state, now } = transition;
  if (state.name !== "starting" && state.name !== "running") return null;
  if (decision.method !== "freeze" || decision.wanted || askedByRule(decision.cause)) return null;
  if (job.spec.pause.method !== "auto" || savesBy(job) !== null) return null;
  if (!job.spec.command.some((word) => MAY_REPORT.test(word))) return null;
  const grace = graceMs(job.spec.pause.graceSeconds, job.learned);
  const untilMs = Math.min(state.run.startedAt.monotonicMs + REPORTS_WITHIN_MS, now.monotonicMs + grace);
  return untilMs > now.monotonicMs ? untilMs : null;
}

export const awaitsReport = (untilMs: number, nowMs: number): string =>
  ` It ${mayReport(`within ${duration(untilMs - nowMs)}`)}.`;

/** Ends the wait: with a report it is a pause by checkpoint, without one a freeze. */
export function watchForReport(transition: Transition, seen: Seen): void {
  const { request, run } = transition.pausing("seen");
  const { reportUntilMs, ...rest } = request;
  if (reportUntilMs === undefined) return;
  const { now, state } = transition;
  if (seen.ranks.length > 0) {
    transition.become({ ...transition.pausing("seen"), request: rest });
    return;
  }
  if (now.monotonicMs < reportUntilMs || !seen.alive) return;
  // It would find the request on its thaw, when nobody wants it any more.
  const sequence = rest.sequence + 1;
  const deadlineMs = now.monotonicMs + rest.deadlineMs - rest.askedAt.monotonicMs;
  const frozen = { ...rest, method: "freeze" as const, sequence, lastRingMs: now.monotonicMs, deadlineMs };
  transition.become({ name: "pausing", since: state.since, run: { ...run, sequence }, request: frozen });
  transition.perform({ do: "control", run: transition.run, want: "run", sequence });
  transition.perform({ do: "freeze", run: transition.run });
}
