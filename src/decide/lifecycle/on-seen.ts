/** What this tick saw of a live run, and the state it moves the job to. */

import type { Seen } from "../../model/seen.ts";
import { watchCancel } from "./cancel.ts";
import { waitsForLeftovers } from "./end/leftovers.ts";
import { ended } from "./end/run-ended.ts";
import { endedBySlurm } from "./end/slurm-ended.ts";
import { learn } from "./learn.ts";
import { isReturning, onParked } from "./park/park-back.ts";
import { pauseProgress } from "./pause/pause-progress.ts";
import { watchRanks } from "./ranks.ts";
import { found } from "./recover.ts";
import { completeResume } from "./resume-completed.ts";
import { onRest } from "./server/on-rest.ts";
import { isComingBack } from "./server/reload-server.ts";
import { sayIfStalled } from "./stalled.ts";
import type { Transition } from "./transition.ts";

export function onSeen(transition: Transition, seen: Seen, availableMiB: number | null): void {
  if (!("run" in transition.state)) throw transition.bug("seen");
  if (transition.state.name === "lost") {
    learn(transition, seen);
    const shown = found(transition, seen);
    if (shown !== null) onSeen(transition, shown, availableMiB);
    return;
  }
  learn(transition, seen);
  if (transition.job.cancelling !== undefined && (seen.alive || seen.leftovers.length > 0)) {
    watchCancel(transition);
    return;
  }
  switch (transition.state.name) {
    case "starting":
      if (!gone(transition, seen)) starting(transition, seen);
      return;
    case "running":
      if (gone(transition, seen) || isComingBack(transition, seen) || isReturning(transition, seen)) return;
      completeResume(transition, seen);
      sayIfStalled(transition);
      watchRanks(transition, seen);
      return;
    case "pausing":
      pauseProgress(transition, seen, availableMiB);
      return;
    case "frozen":
      if (gone(transition, seen)) return;
      // Another process or a user continued it, or a new child slipped through.
      if (!seen.stopped && seen.alive) transition.perform({ do: "freeze", run: transition.run });
      onParked(transition);
      return;
    case "standby":
      if (!gone(transition, seen)) onRest(transition, seen);
  }
}

/** Moves to `running` once the first process is known. */
function starting(transition: Transition, seen: Seen): void {
  if (!(seen.alive && hasBegun(seen)) && seen.ranks.length === 0) return;
  transition.become({ name: "running", since: transition.now, run: transition.run });
  if (transition.job.earlier !== undefined) transition.drop("earlier");
  tellOfGpus(transition);
  completeResume(transition, seen);
}

/** On a cluster no process of it can be known. */
const hasBegun = ({ pid, slurm }: Seen): boolean => (slurm ? slurm.state === "running" : pid !== null);

function tellOfGpus(transition: Transition): void {
  const { gpus } = transition.run;
  if (gpus.length === 0 || transition.run.claimed) return;
  transition.know({ claimed: true });
  const reason = `${transition.gpus?.name ?? gpus.join(", ")} is held by run ${transition.run.number} of '${transition.name}'.`;
  transition.tell("gpu.claimed", "supervisor", reason, { evidence: { gpus } });
}

/** Ends the run once its first process and all others are gone. */
function gone(transition: Transition, seen: Seen): boolean {
  if (seen.exit === null || seen.alive) return false;
  if (waitsForLeftovers(transition, seen)) return true;
  if (endedBySlurm(transition, seen)) return true;
  ended(transition, seen.exit, seen);
  return true;
}
