/** Starts, resumes and second chances: moves to `starting`, or lets a held run continue. */

import { stepOfName } from "../../contract/names.ts";
import type { StartDecision } from "../../model/decision.ts";
import { finishedWithAnother, type Job } from "../../model/job.ts";
import type { Checkpoint, Run } from "../../model/run.ts";
import { askedByRule } from "../../model/state.ts";
import { duration } from "../../words/duration.ts";
import { leave } from "./end/leave-run.ts";
import { noteUnbegun } from "./end/never-begun.ts";
import { ended, fail } from "./end/run-ended.ts";
import { keepRows } from "./end/unread.ts";
import { account } from "./learn.ts";
import { claimToReturn } from "./park/park-back.ts";
import { askToRestore } from "./server/reload-server.ts";
import type { Transition } from "./transition.ts";
import { keepTurn, takeTurn } from "./turn-taken.ts";

/** Between two tries to launch a job where the supervisor itself lacks what it takes. */
const UNREADY_WAIT_MS = 30_000;

export interface Launch {
  decision: StartDecision;
  identity: { id: string; bootId: string };
  resumeFrom: Checkpoint | null;
  gpus: string[];
}

export function launch(transition: Transition, { decision, identity, resumeFrom, gpus }: Launch): void {
  takeTurn(transition, gpus);
  const { state, now, job } = transition;
  if (state.name !== "waiting" && state.name !== "paused") {
    goOn(transition, decision);
    return;
  }
  const resuming = state.name === "paused";
  const number = job.runs + 1;
  const run: Run = {
    id: identity.id,
    number,
    startedAt: now,
    pid: null,
    startTime: null,
    bootId: identity.bootId,
    resumedFrom: resumeFrom?.path ?? null,
    // A third party's checkpoint may not tell its step.
    resumedAtStep: resumeFrom === null ? 0 : resumeFrom.step,
    gpus,
    ...(decision.devices && { devices: decision.devices }),
    ...(job.spec.executor?.kind === "slurm" && { slurm: { id: null, state: "unknown" } }),
    sequence: 0,
  };
  transition.drop("unready");
  transition.drop("restoring");
  if (resuming) run.resuming = { since: now, polite: askedByRule(state.cause) };
  if (run.resuming?.polite)
    account(transition, { waitedMs: Math.max(0, now.monotonicMs - state.since.monotonicMs) });
  transition.note({
    runs: number,
    bootId: identity.bootId,
    ran: job.spec.command,
    // A clock that was set back since would make every later file look older than the job.
    firstRunMs: job.earlier === "adopt" ? 0 : Math.min(job.firstRunMs ?? now.wallMs, now.wallMs),
  });
  // What an earlier run reported isn't what this one has done.
  if (job.progress !== null) transition.note({ progress: { ...job.progress, step: run.resumedAtStep } });
  transition.become({ name: "starting", since: now, run });
  transition.tell(resuming ? "resume.requested" : "job.started", decision.actor, decision.reason, {
    evidence: decision.evidence,
    outcome: {
      resumedFrom: run.resumedFrom,
      step: resumeFrom === null ? 0 : resumeFrom.step,
      gpus,
      // No event tells when a job that has never run began to wait.
      afterMs: Math.max(0, now.wallMs - state.since.wallMs),
    },
  });
  transition.perform({ do: "launch", run, resumeFrom });
}

/** Ignores a late launch failure of a job that has moved on. */
export function launchFailed(
  transition: Transition,
  { reason, taken, unready }: { reason: string; taken?: true; unready?: true },
): void {
  if (
    transition.state.name !== "starting" &&
    transition.state.name !== "lost" &&
    transition.state.name !== "pausing"
  )
    return;
  noteUnbegun(transition);
  if (transition.job.cancelling !== undefined) {
    ended(transition, { known: false });
    return;
  }
  if (taken) {
    transition.tell("gpu.released", "peer", `It wasn't launched: ${reason}. It waits in line.`);
    leaveUnbegun(transition);
    transition.become({ name: "waiting", since: transition.now });
    return;
  }
  if (unready) {
    const { now } = transition;
    transition.tell(
      "job.failed",
      "supervisor",
      `It couldn't be launched: ${reason}. It is tried again in ${duration(UNREADY_WAIT_MS)}; this doesn't count as a failure.`,
    );
    leaveUnbegun(transition);
    const notBeforeMs = now.monotonicMs + UNREADY_WAIT_MS;
    transition.note({ attempts: { ...transition.job.attempts, notBeforeMs }, unready: reason });
    transition.become({ name: "waiting", since: now });
    return;
  }
  fail(transition, `It couldn't be launched: ${reason}.`, null);
}

/** It has used up a run's number, and begun nothing. */
function leaveUnbegun(transition: Transition): void {
  keepRows(transition);
  keepTurn(transition);
  leave(transition, "not launched");
}

/** A run without it might repeat work that it holds. Told once. */
export function holdBack(transition: Transition, path: string): void {
  const { job, now } = transition;
  const unready = `${path}, which the job may need to resume, can't be read now`;
  const notBeforeMs = now.monotonicMs + UNREADY_WAIT_MS;
  transition.note({ attempts: { ...job.attempts, notBeforeMs }, unready });
  keepTurn(transition);
  if (job.unready === unready) return;
  // Nothing of a third party's is set aside for a rerun.
  const mayRerun =
    job.spec.checkpoint.glob !== undefined || stepOfName(path.slice(path.lastIndexOf("/") + 1)) !== null;
  const rerun = mayRerun ? " or rerun the job" : "";
  transition.tell(
    "checkpoint.rejected",
    "supervisor",
    `It isn't launched: ${unready}. It is looked at again every ${duration(UNREADY_WAIT_MS)}. To go on without it, move it away${rerun}.`,
    { outcome: { path } },
  );
}

/** Moves back to running with the processes that were held. */
function goOn(transition: Transition, decision: StartDecision): void {
  const { state, now } = transition;
  const since = { since: now, polite: false };
  if (state.name === "pausing" && state.request.overdue === "frozen") {
    // A sent request can't be withdrawn: the job goes on to its checkpoint.
    transition.become({ ...state, request: { ...state.request, overdue: "waiting" } });
    transition.perform({ do: "thaw", run: state.run });
  } else if (state.name === "frozen" && state.parked !== undefined) {
    transition.drop("unready");
    transition.become({ name: "running", since: now, run: { ...state.run, resuming: since } });
    claimToReturn(transition);
  } else if (state.name === "frozen") {
    transition.become({ name: "running", since: now, run: { ...state.run, resuming: since } });
    transition.perform({ do: "thaw", run: transition.run });
  } else if (state.name === "standby" && state.server !== undefined) {
    transition.drop("unready");
    const name = state.run.service ? "serving" : "running";
    transition.become({ name, since: now, run: { ...state.run, resuming: since } });
    askToRestore(transition);
  } else if (state.name === "standby") {
    const sequence = (state.run.sequence ?? 0) + 1;
    transition.become({ name: "running", since: now, run: { ...state.run, sequence, resuming: since } });
    transition.perform({ do: "control", run: transition.run, want: "run", sequence });
  } else throw transition.bug("launch");
  transition.tell("resume.requested", decision.actor, decision.reason, { evidence: decision.evidence });
}

/** Ended, unless by its own word and with the command that it has now. */
export const mayGoOn = (job: Job): boolean =>
  job.state.name === "failed" ||
  job.state.name === "cancelled" ||
  (job.state.name === "finished" && job.state.assumed !== undefined) ||
  finishedWithAnother(job);

export function retry(transition: Transition, by: string): void {
  if (!mayGoOn({ ...transition.job, state: transition.state })) return;
  transition.note({ attempts: { failures: 0, fruitless: 0, notBeforeMs: 0 }, ranMs: 0 });
  transition.drop("cancelling");
  transition.tell("resume.requested", "user", `${by} asked to try it again.`);
  transition.become({ name: "waiting", since: transition.now });
}
