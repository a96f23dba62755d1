/**
 * A service: a server that isn't ours. It is found at its address, followed as a run that nobody here began, and is
 * gone when nothing listens there any more. Nothing of it is signalled, ended or started.
 */
import type { Run } from "../../../model/run.ts";
import type { Seen } from "../../../model/seen.ts";
import type { ServiceSeen } from "../../../model/server.ts";
import { pauseProgress } from "../pause/pause-progress.ts";
import { completeResume } from "../resume-completed.ts";
import { onRest } from "../server/on-rest.ts";
import { isComingBack } from "../server/reload-server.ts";
import { callsOf } from "../server/talk.ts";
import type { Transition } from "../transition.ts";
import { isLooking, lookAtState } from "./first-look.ts";

type Here = Extract<ServiceSeen, { here: true }>;

export interface LookedFor {
  seen: ServiceSeen;
  identity: { id: string; bootId: string };
  /** UUIDs of the GPUs that its config names. */
  gpus: string[];
}

/** One that wasn't there: whether it is now. */
export function lookedFor(transition: Transition, { seen, identity, gpus }: LookedFor): void {
  const { state, now, job } = transition;
  if (state.name !== "absent") throw transition.bug("a look for a service");
  if (!seen.here) {
    if (seen.why !== state.why) transition.become({ ...state, why: seen.why });
    return;
  }
  const number = job.runs + 1;
  const { pid, startTime } = seen;
  const followed = { id: identity.id, bootId: identity.bootId, number, startedAt: now, pid, startTime, gpus };
  const run: Run = { ...followed, resumedFrom: null, resumedAtStep: null, service: true };
  transition.note({ runs: number, bootId: identity.bootId });
  transition.become({ name: "serving", since: now, run });
  const which = pid === null ? "its process can't be seen" : `pid ${pid}`;
  const reason = `It listens at ${callsOf(transition).url} (${which}), and is followed from now on.`;
  transition.tell("service.found", "supervisor", reason, { outcome: { pid, gpus } });
  lookAtState(transition);
}

interface Look {
  seen: Seen;
  availableMiB: number | null;
  /** The GPUs that its config names, as far as they are known now. */
  placed?: string[];
}

export function onService(transition: Transition, { seen, availableMiB, placed }: Look): void {
  if (seen.service?.here === false) {
    gone(transition, seen.service.why);
    return;
  }
  if (placed !== undefined && placed.join() !== transition.run.gpus.join()) transition.know({ gpus: placed });
  if (seen.service !== undefined) follow(transition, seen.service);
  switch (transition.state.name) {
    case "serving":
      if (!isLooking(transition, seen) && !isComingBack(transition, seen)) completeResume(transition, seen);
      return;
    case "pausing":
      pauseProgress(transition, seen, availableMiB);
      return;
    case "standby":
      onRest(transition, seen);
      return;
    default:
      throw transition.bug("seen");
  }
}

/** Whoever keeps it may have begun it anew; then it is another process, with a memory of its own. */
function follow(transition: Transition, seen: Here): void {
  const { pid, startTime } = seen.pid === null ? listedAs(transition, seen) : seen;
  const { run } = transition;
  if (pid !== run.pid || startTime !== run.startTime) transition.know({ pid, startTime });
}

/**
 * Another user's process can't be asked what it listens at. The only one of that user on its GPUs is it; once it
 * has been seen there, that it is listed no more shows its memory gone.
 */
function listedAs({ gpus, run }: Transition, { user }: Here): Pick<Run, "pid" | "startTime"> {
  const all = gpus === null ? [] : [...gpus.entries, ...gpus.others];
  const theirs = all.filter((one) => user !== null && one.user === user);
  const [only] = theirs;
  if (only === undefined) return run;
  return theirs.length === 1 ? { pid: only.pid, startTime: only.startTime } : { pid: null, startTime: null };
}

function gone(transition: Transition, why: string): void {
  transition.tell("service.gone", "supervisor", `${why}: whoever keeps it has ended it, or it has failed.`);
  transition.drop("unready");
  transition.become({ name: "absent", since: transition.now, why });
}

/** The supervisor is back: what the service holds is asked, not remembered. */
export function recoverService(transition: Transition, bootId: string): void {
  const { run, name } = transition.live();
  if (run.bootId !== bootId) gone(transition, "The machine has rebooted since");
  else if (name === "serving" && run.resuming === undefined) lookAtState(transition);
}
