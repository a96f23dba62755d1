/**
 * Asks for a pause: writes the request, rings the bell, or freezes the processes.
 * Never withdraws a sent request; only its means may get harsher when its grace period is over.
 */

import type { PauseDecision } from "../../../model/decision.ts";
import { graceMs, KILLED_AFTER_MS } from "../../../model/grace.ts";
import { savesBy } from "../../../model/job.ts";
import { hasWord, type PauseRequest, wordOf } from "../../../model/state.ts";
import { lacksRoom } from "../../pauses/disk-room.ts";
import { lostSince, stepsLost } from "../end/steps-lost.ts";
import { account, creditRunning } from "../learn.ts";
import { askToPark } from "../park/park-out.ts";
import { askToRelease } from "../server/release-server.ts";
import type { Transition } from "../transition.ts";
import { isListed } from "./gpu-memory-freed.ts";
import { awaitsReport, reportAwaitedUntil } from "./young-run.ts";

/** `freeMiB`: free space on the checkpoints' disk; null when unknown. */
export function askToPause(
  transition: Transition,
  decision: PauseDecision,
  freeMiB: number | null = null,
): void {
  const { state } = transition;
  if (decision.end) {
    endByHand(transition, decision);
    return;
  }
  switch (state.name) {
    case "starting":
    case "running":
    case "serving":
    case "frozen":
    case "standby":
      if (state.name === "frozen" && decision.method === "freeze") throw transition.bug("pause by freeze");
      if (state.name === "standby" && decision.method === "standby") throw transition.bug("pause by standby");
      ask(transition, decision, freeMiB);
      return;
    case "pausing":
      if (decision.method !== "freeze" || state.request.overdue === "frozen") throw transition.bug("pause");
      freezeMeanwhile(transition, decision);
      return;
    default:
      throw transition.bug("pause");
  }
}

function ask(transition: Transition, decision: PauseDecision, freeMiB: number | null): void {
  const { state } = transition;
  const release = state.name === "standby" && decision.method === "checkpoint";
  const reportUntilMs = reportAwaitedUntil(transition, decision);
  const method = reportUntilMs === null ? decision.method : "checkpoint";
  const sequence = (transition.run.sequence ?? 0) + (hasWord(method) ? 1 : 0);
  request(
    transition,
    { ...decision, method },
    {
      freeMiB,
      sequence,
      release,
      reportUntilMs,
      graceMs: graceMs(transition.job.spec.pause.graceSeconds, transition.job.learned),
    },
  );
  if (state.name === "frozen") transition.perform({ do: "thaw", run: transition.run });
  if (method === "freeze") {
    transition.perform({ do: "freeze", run: transition.run });
    return;
  }
  if (method === "park") {
    askToPark(transition);
    return;
  }
  if (method === "http") {
    askToRelease(transition);
    return;
  }
  // Nothing in it would hear a request; a run that still waits in Slurm's queue is held there.
  const by = savesBy(transition.job);
  const inQueue = transition.run.slurm !== undefined;
  const heard = hasListener(transition) || reportUntilMs !== null;
  if ((by === "itself" || by === null) && !heard && !inQueue) return;
  const want = wordOf(transition.pausing("asked").request);
  transition.perform({ do: "control", run: transition.run, want, sequence });
}

const hasListener = ({ job: { understands } }: Transition): boolean =>
  understands === "contract" || understands === "signal";

interface Terms {
  release?: boolean;
  reportUntilMs?: number | null;
  freeMiB: number | null;
  sequence: number;
  graceMs: number;
}

/** Moves to `pausing` and says so. */
function request(
  transition: Transition,
  decision: PauseDecision,
  { release = false, reportUntilMs = null, freeMiB, sequence, graceMs }: Terms,
): void {
  const { now } = transition;
  creditRunning(transition);
  const run = transition.run;
  // A load that is cut short has cost its time, too.
  if (run.resuming?.polite)
    account(transition, { overheadMs: now.monotonicMs - run.resuming.since.monotonicMs });
  const request: PauseRequest = {
    method: decision.method,
    cause: decision.cause,
    sequence,
    askedAt: now,
    acknowledgedAt: null,
    // Asking rings at once where a listener is known; any other run is rung at the next look.
    lastRingMs: hasListener(transition) ? now.monotonicMs : now.monotonicMs - 1,
    deadlineMs: now.monotonicMs + graceMs,
    bytesSaved: 0,
    overdue: null,
    stepAtRequest: transition.job.progress?.step ?? null,
    availableMiBAtRequest: null,
    ...(release && { release }),
    ...(reportUntilMs !== null && { reportUntilMs }),
  };
  const said = (run.said ?? []).filter((fact) => fact !== "leftovers");
  transition.become({ name: "pausing", since: now, run: { ...run, sequence, said }, request });
  const tight = decision.method === "checkpoint" && !decision.end ? lacksRoom(transition.job, freeMiB) : null;
  const awaited = reportUntilMs === null ? "" : awaitsReport(reportUntilMs, now.monotonicMs);
  const reason = `${decision.cause.reason}${tight === null ? "" : ` ${tight}`}${awaited}`;
  transition.tell("pause.requested", decision.cause.actor, reason, {
    evidence: decision.evidence,
    outcome: {
      ...(tight !== null && { diskFreeMiB: freeMiB, lastCheckpointBytes: transition.job.checkpoint?.bytes }),
      method: decision.method,
      graceSeconds: Math.round(graceMs / 1000),
    },
  });
}

/** An unanswered request whose processes stay frozen meanwhile: it still holds memory, nothing else. */
function freezeMeanwhile(transition: Transition, decision: PauseDecision): void {
  transition.amend({ overdue: "frozen" });
  transition.tell("pause.forced", decision.cause.actor, decision.cause.reason, {
    evidence: decision.evidence,
    outcome: { method: "freeze" },
  });
  transition.perform({ do: "freeze", run: transition.run });
}

/**
 * Ends a run that hasn't saved because a person wants what it holds: by SIGTERM, on which many programs
 * save, then by SIGKILL. Thaws it first; the job stays paused until it is resumed by hand.
 */
function endByHand(transition: Transition, decision: PauseDecision): void {
  const method = "checkpoint" as const;
  const terms = { freeMiB: null, sequence: transition.run.sequence ?? 0, graceMs: KILLED_AFTER_MS };
  if (transition.state.name !== "pausing") request(transition, { ...decision, method }, terms);
  const deadlineMs = transition.now.monotonicMs + KILLED_AFTER_MS;
  transition.amend({ method, overdue: "terminated", deadlineMs, endedByHand: true });
  if (isListed(transition.run)) {
    const reason = `${decision.cause.reason} Its processes have ended: the wait for the driver is over.`;
    transition.tell("pause.forced", decision.cause.actor, reason, { outcome: { method: "terminate" } });
    return;
  }
  const lost = stepsLost(transition);
  const loses = lost === null ? "What it hasn't saved is lost" : lostSince(lost);
  transition.tell("pause.forced", decision.cause.actor, `${decision.cause.reason} It is ended. ${loses}.`, {
    outcome: { method: "terminate", stepsLost: lost },
  });
  transition.perform({ do: "terminate", run: transition.run });
}

export function ring(transition: Transition): void {
  transition.amend({ lastRingMs: transition.now.monotonicMs });
  transition.perform({ do: "ring", run: transition.run });
}
