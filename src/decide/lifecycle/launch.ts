/** Starts, resumes and second chances: into `starting`, or on with a run that was held. */
import type { Checkpoint, Run, StartDecision } from "../../model.ts";
import { ended, fail, leave } from "./end.ts";
import type { Turn } from "./turn.ts";

export interface Launch {
  decision: StartDecision;
  identity: { id: string; bootId: string };
  resumeFrom: Checkpoint | null;
  gpus: string[];
}

export function launch(turn: Turn, { decision, identity, resumeFrom, gpus }: Launch): void {
  const { state, now, job } = turn;
  if (state.name !== "waiting" && state.name !== "paused") {
    goOn(turn, decision);
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
    resumedAtStep: resumeFrom?.step ?? 0,
    gpus,
    sequence: 0,
  };
  if (resuming) run.resuming = { since: now, polite: state.cause.actor.startsWith("rule:") };
  turn.job.runs = number;
  turn.job.bootId = identity.bootId;
  turn.state = { name: "starting", since: now, run };
  turn.tell(resuming ? "resume.requested" : "job.started", decision.actor, decision.reason, {
    evidence: decision.evidence,
    outcome: { resumedFrom: run.resumedFrom, step: run.resumedAtStep, gpus },
  });
  turn.effects.push({ do: "launch", job: turn.name, run, resumeFrom });
}

/** A late failure of a launch whose job has moved on is nothing. */
export function launchFailed(turn: Turn, reason: string, taken = false): void {
  if (turn.state.name !== "starting" && turn.state.name !== "lost" && turn.state.name !== "pausing") return;
  if (turn.job.cancelling !== undefined) {
    ended(turn, { known: false });
    return;
  }
  if (taken) {
    turn.tell("gpu.released", "peer", `It wasn't launched: ${reason}. It waits in line.`);
    leave(turn);
    turn.state = { name: "waiting", since: turn.now };
    return;
  }
  fail(turn, `It couldn't be launched: ${reason}.`, null);
}

/** Into running again with the processes that were held. */
function goOn(turn: Turn, decision: StartDecision): void {
  const { state, now } = turn;
  const since = { since: now, polite: false };
  if (state.name === "pausing" && state.request.overdue === "frozen") {
    // What was asked for can't be withdrawn: it goes on to its checkpoint.
    turn.state = { ...state, request: { ...state.request, overdue: "waiting" } };
    turn.effects.push({ do: "thaw", job: turn.name, run: state.run });
  } else if (state.name === "frozen") {
    turn.state = { name: "running", since: now, run: { ...state.run, resuming: since } };
    turn.effects.push({ do: "thaw", job: turn.name, run: turn.run });
  } else if (state.name === "standby") {
    const sequence = (state.run.sequence ?? 0) + 1;
    turn.state = { name: "running", since: now, run: { ...state.run, sequence, resuming: since } };
    turn.effects.push({ do: "ask", job: turn.name, run: turn.run, want: "run", sequence });
  } else throw turn.bug("launch");
  turn.tell("resume.requested", decision.actor, decision.reason, { evidence: decision.evidence });
}

export function retry(turn: Turn, by: string): void {
  if (turn.state.name !== "failed" && turn.state.name !== "cancelled") return;
  turn.job.attempts = { failures: 0, fruitless: 0, notBeforeMs: 0 };
  delete turn.job.cancelling;
  turn.tell("resume.requested", "user", `${by} asked to try it again.`);
  turn.state = { name: "waiting", since: turn.now };
}
