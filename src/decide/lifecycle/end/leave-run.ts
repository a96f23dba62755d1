/** Leaves a run: records and sweeps what it leaves behind, and pauses its job with what it saved. */
import type { Cause } from "../../../model/actor.ts";
import { limitReached } from "../../pauses/time-limit.ts";
import type { Transition } from "../transition.ts";
import { gotNowhere, stayInRow } from "./row.ts";

/** Sweeps the run's files; the run itself is over. `ended`: how, in a few words, for the job's log. */
export function leave(transition: Transition, ended: string): void {
  const { gpus, startTime, bootId } = transition.run;
  if (gpus.length > 0 && startTime !== null) transition.note({ visited: { gpus, startTime, bootId } });
  if (gpus.length > 0 && transition.run.claimed) {
    const reason = `${transition.gpus?.name ?? gpus.join(", ")} is free again: run ${transition.run.number} is over.`;
    transition.tell("gpu.released", "supervisor", reason, { evidence: { gpus } });
  }
  if (gotNowhere(transition)) stayInRow(transition);
  transition.perform({ do: "tidy", run: transition.run, ended });
}

/** Moves to `paused` and starts the full check of the checkpoint; a job whose time limit asked for it has ended. */
export function becomePaused(transition: Transition, cause: Cause, unsaved?: string): void {
  const { checkpoint } = transition.job;
  if (cause.ends) {
    const reason = limitReached({ cause, checkpoint, ...(unsaved !== undefined && { unsaved }) });
    transition.tell("job.failed", cause.actor, reason, { outcome: { code: null, final: true } });
    transition.become({ name: "failed", since: transition.now, reason, exitCode: null });
    return;
  }
  const lost = unsaved !== undefined && { unsaved };
  transition.become({ name: "paused", since: transition.now, cause, checkpoint, ...lost });
  if (checkpoint?.verified === "quick") transition.perform({ do: "verify", checkpoint });
}
