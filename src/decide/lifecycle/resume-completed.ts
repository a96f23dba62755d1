/** The end of a resume: what a job on standby, or a new run, shows once it works again. */

import type { Seen } from "../../model/seen.ts";
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import { begunText } from "../../words/sentences/begun-with.ts";
import { begunWith } from "../begun-with.ts";
import { account, makesProgress } from "./learn.ts";
import type { Transition } from "./transition.ts";

const RING_AGAIN_MS = 1000;

/** A resume is complete at the first new step, or, without step reports, once the job is running. */
export function completeResume(transition: Transition, seen: Seen): void {
  const { run, now } = transition;
  const { resuming } = run;
  if (resuming === undefined) return;
  const held = run.startedAt.monotonicMs !== resuming.since.monotonicMs;
  if (held ? seen.stopped || unheard(transition, seen) : !makesProgress(transition) || !seen.alive) return;
  const ms = now.monotonicMs - (run.slurm?.begunAt ?? resuming.since).monotonicMs;
  transition.forget("resuming");
  if (resuming.polite) account(transition, { overheadMs: ms });
  const { progress } = transition.job;
  const step = progress?.step ?? null;
  const reports = held || run.firstStepAt !== undefined;
  const reason = reports
    ? `It goes on${step === null ? "" : ` at step ${number(step)}`} after ${duration(ms)}.`
    : `It was started again ${begunText(begunWith({ ...transition.job, state: transition.state }))}; it reports no steps.`;
  transition.tell("resume.completed", "job", reason, {
    outcome: { reloadMs: ms, step, resumedAtStep: run.resumedAtStep },
  });
}

/** Rings a job on standby again while it hasn't heard that it may go on. */
function unheard(transition: Transition, seen: Seen): boolean {
  const { run, now } = transition;
  if (seen.ranks.length === 0 || seen.ranks.some((rank) => rank.sequence >= (run.sequence ?? 0)))
    return false;
  const waited = now.monotonicMs - (run.resuming?.since.monotonicMs ?? 0);
  if (waited >= RING_AGAIN_MS) transition.perform({ do: "ring", run });
  return true;
}
