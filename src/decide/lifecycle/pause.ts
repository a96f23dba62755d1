/**
 * A pause is asked for: the word is written, the bell is rung, or the processes are frozen.
 * A sent request is never withdrawn; only its means may get harder when its grace is over.
 */
import type { PauseDecision, PauseRequest } from "../../model.ts";
import { plural } from "../../words/list.ts";
import { lacksRoom } from "../disk-room.ts";
import { stepsLost } from "./end.ts";
import { creditRunning } from "./learn.ts";
import type { Turn } from "./turn.ts";

const GRACE_AT_LEAST_MS = 120_000;
/** From SIGTERM to SIGKILL, for a run that a person has ended; longer while a save is seen to grow. */
export const KILLED_AFTER_MS = 30_000;

/** `freeMiB`: room on the disk that checkpoints are saved on; null where that isn't known. */
export function pause(turn: Turn, decision: PauseDecision, freeMiB: number | null = null): void {
  const { state } = turn;
  if (decision.end) {
    endByHand(turn, decision);
    return;
  }
  switch (state.name) {
    case "starting":
    case "running":
    case "frozen":
    case "standby":
      if (state.name === "frozen" && decision.method === "freeze") throw turn.bug("pause by freeze");
      if (state.name === "standby" && decision.method === "standby") throw turn.bug("pause by standby");
      ask(turn, decision, freeMiB);
      return;
    case "pausing":
      if (decision.method !== "freeze" || state.request.overdue === "frozen") throw turn.bug("pause");
      freezeMeanwhile(turn, decision);
      return;
    default:
      throw turn.bug("pause");
  }
}

function ask(turn: Turn, decision: PauseDecision, freeMiB: number | null): void {
  const { state } = turn;
  const released = state.name === "standby";
  const sequence = decision.method === "freeze" ? (turn.run.sequence ?? 0) : (turn.run.sequence ?? 0) + 1;
  request(turn, decision, { freeMiB, sequence, graceMs: graceMs(turn) });
  if (state.name === "frozen") turn.effects.push({ do: "thaw", job: turn.name, run: turn.run });
  if (decision.method === "freeze") {
    turn.effects.push({ do: "freeze", job: turn.name, run: turn.run });
    return;
  }
  const want = released ? "release" : decision.method === "standby" ? "standby" : "pause";
  turn.effects.push({ do: "ask", job: turn.name, run: turn.run, want, sequence });
}

interface Terms {
  freeMiB: number | null;
  sequence: number;
  graceMs: number;
}

/** Into `pausing`, and said. */
function request(turn: Turn, decision: PauseDecision, { freeMiB, sequence, graceMs }: Terms): void {
  const { now } = turn;
  creditRunning(turn);
  const run = turn.run;
  const request: PauseRequest = {
    method: decision.method,
    cause: decision.cause,
    sequence,
    askedAt: now,
    acknowledgedAt: null,
    // To ask is to ring, where somebody is known to listen; any other is rung once it is seen to.
    lastRingMs: listens(turn) ? now.monotonicMs : now.monotonicMs - 1,
    deadlineMs: now.monotonicMs + graceMs,
    bytesSaved: 0,
    overdue: null,
    stepAtRequest: turn.job.progress?.step ?? null,
    availableMiBAtRequest: null,
  };
  const said = (run.said ?? []).filter((fact) => fact !== "leftovers");
  turn.state = { name: "pausing", since: now, run: { ...run, sequence, said }, request };
  const tight = decision.method === "checkpoint" && !decision.end ? lacksRoom(turn.job, freeMiB) : null;
  const reason = tight === null ? decision.cause.reason : `${decision.cause.reason} ${tight}`;
  turn.tell("pause.requested", decision.cause.actor, reason, {
    evidence: decision.evidence,
    outcome: {
      ...(tight !== null && { diskFreeMiB: freeMiB, lastCheckpointBytes: turn.job.checkpoint?.bytes }),
      method: decision.method,
      graceSeconds: Math.round(graceMs / 1000),
    },
  });
}

const listens = ({ job }: Turn): boolean => job.understands === "contract" || job.understands === "signal";

/** An unanswered request whose processes are frozen while it lasts: it holds memory, nothing else. */
function freezeMeanwhile(turn: Turn, decision: PauseDecision): void {
  const { state } = turn;
  if (state.name !== "pausing") throw turn.bug("pause");
  turn.state = { ...state, request: { ...state.request, overdue: "frozen" } };
  turn.tell("pause.forced", decision.cause.actor, decision.cause.reason, {
    evidence: decision.evidence,
    outcome: { method: "freeze" },
  });
  turn.effects.push({ do: "freeze", job: turn.name, run: state.run });
}

/**
 * Ended although it hasn't saved, since a person wants what it holds: by SIGTERM, which many programs
 * save on, and then by SIGKILL. Thawed for it; it stays paused until it is resumed by hand.
 */
function endByHand(turn: Turn, decision: PauseDecision): void {
  const method = "checkpoint" as const;
  const terms = { freeMiB: null, sequence: turn.run.sequence ?? 0, graceMs: KILLED_AFTER_MS };
  if (turn.state.name !== "pausing") request(turn, { ...decision, method }, terms);
  const { state, now } = turn;
  if (state.name !== "pausing") throw turn.bug("pause");
  const deadlineMs = now.monotonicMs + KILLED_AFTER_MS;
  const ended = { method, overdue: "terminated", deadlineMs, endedByHand: true } as const;
  turn.state = { ...state, request: { ...state.request, ...ended } };
  const lost = stepsLost(turn);
  const loses =
    lost === null
      ? "What it hasn't saved is lost"
      : `${plural(lost, "step")} since its last checkpoint are lost`;
  turn.tell("pause.forced", decision.cause.actor, `${decision.cause.reason} It is ended. ${loses}.`, {
    outcome: { method: "terminate", stepsLost: lost },
  });
  turn.effects.push({ do: "terminate", job: turn.name, run: state.run });
}

export function ring(turn: Turn): void {
  const { state, now } = turn;
  if (state.name !== "pausing") throw turn.bug("ring");
  turn.state = { ...state, request: { ...state.request, lastRingMs: now.monotonicMs } };
  turn.effects.push({ do: "ring", job: turn.name, run: state.run });
}

/** `graceSeconds: "auto"` is max(120 s, 3 × the slowest save seen). */
export function graceMs(turn: Turn): number {
  const { graceSeconds } = turn.job.spec.pause;
  if (graceSeconds !== "auto") return graceSeconds * 1000;
  return Math.max(GRACE_AT_LEAST_MS, 3 * (turn.job.learned.slowestSaveMs ?? 0));
}
