/**
 * Ends that come from Slurm and not from the run: it was cancelled there, preempted, lost with a node, ended at its
 * time limit, or held before it had begun. Never takes one for a failure of the program.
 */
import { exitCodeOf, type Seen } from "../../../model/seen.ts";
import { SLURM_ENDS } from "../../../words/sentences/slurm.ts";
import { allPaused } from "../ranks.ts";
import type { Transition } from "../transition.ts";
import { becomePaused, leave } from "./leave-run.ts";
import { fail, hasFinished } from "./run-ended.ts";
import { stepsAre, stepsLost } from "./steps-lost.ts";

/** Moves the job on where Slurm has ended its run by itself; false where it hasn't. */
export function endedBySlurm(transition: Transition, seen: Seen): boolean {
  const { state, job } = transition;
  const { slurm } = seen;
  if (slurm?.end === undefined || job.cancelling !== undefined) return false;
  if (hadEnded(transition, seen)) return false;
  // What a pause has forced ends as if cancelled.
  const asked = state.name === "pausing" ? state.request : null;
  if (asked?.overdue === "terminated" || asked?.overdue === "killed") return false;
  const lost = stepsLost(transition);
  const from = job.checkpoint === null ? "the beginning" : "its last checkpoint";
  const what = `Slurm job ${slurm.id} ${SLURM_ENDS[slurm.end]}`;
  const goesOn = `it goes on from ${from}; ${stepsAre(lost, "to be redone")}`;
  if (asked !== null)
    transition.tell("pause.failed", "peer", `It was asked to pause, but ${what}.`, {
      outcome: { stepsLost: lost },
    });
  switch (slurm.end) {
    case "cancelled":
      transition.tell("job.cancelled", "peer", `${what}, and not by this supervisor.`, {
        outcome: { slurmJob: slurm.id, stepsLost: lost },
      });
      leave(transition, "cancelled in Slurm");
      transition.become({ name: "cancelled", since: transition.now });
      return true;
    case "time limit":
    case "out of memory":
      fail(transition, `${what}.`, null);
      return true;
    default: {
      const reason = `${what}: ${goesOn}.`;
      transition.tell("job.lost", "peer", reason, { outcome: { slurmJob: slurm.id, stepsLost: lost } });
      leave(transition, slurm.end);
      becomePaused(transition, asked?.cause ?? { actor: "peer", reason, critical: false });
      return true;
    }
  }
}

/** It was done before Slurm ended it, by every rank's own word. What is left of it in the queue mustn't begin again. */
function hadEnded(transition: Transition, seen: Seen): boolean {
  if (!seen.exit?.known) return false;
  if (allPaused(seen)) return transition.state.name === "pausing";
  if (!hasFinished(seen) || exitCodeOf(seen.exit) !== 0) return false;
  transition.perform({ do: "withdraw" });
  return true;
}

/** Completes the pause of a run that Slurm hadn't begun; false for every other. */
export function pausedInQueue(transition: Transition, { slurm }: Seen): boolean {
  if (slurm?.unbegun === undefined) return false;
  const { cause } = transition.pausing("seen").request;
  const reason = `Slurm hadn't begun it yet: job ${slurm.id} is held in the queue, and nothing is lost.`;
  transition.tell("pause.completed", cause.actor, reason, { outcome: { slurmJob: slurm.id, stepsLost: 0 } });
  leave(transition, "held in Slurm's queue");
  becomePaused(transition, cause);
  return true;
}
