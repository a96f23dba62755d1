/**
 * A pause on its way: rings until it is heard, watches the grace, and calls it done only when
 * the checkpoint is there and no process of the run is left. Forces nothing before its deadline.
 */
import type { PauseRequest, Seen } from "../../model.ts";
import { duration } from "../../words/duration.ts";
import { plural } from "../../words/list.ts";
import { heldMiB } from "../place.ts";
import { stepsLost, waitsForLeftovers } from "./end.ts";
import { KILLED_AFTER_MS, ring } from "./pause.ts";
import { exited } from "./paused.ts";
import { waitsForGpus } from "./release.ts";
import type { Turn } from "./turn.ts";

const FIRST_RING_MS = 1000;
const LONGEST_RING_MS = 10_000;

export function pausing(turn: Turn, seen: Seen, availableMiB: number | null): void {
  const request = noted(turn, seen, availableMiB);
  if (seen.exit !== null && !seen.alive) {
    if (request.exitedAt === undefined) change(turn, { exitedAt: turn.now });
    if (!waitsForLeftovers(turn, seen) && !waitsForGpus(turn)) {
      exited(turn, seen, seen.exit, availableMiB);
      return;
    }
    watchGrace(turn, seen);
    return;
  }
  if (request.method === "freeze") {
    if (seen.stopped) {
      hold(turn, "frozen");
      return;
    }
    if (ringIsDue(request, turn.now.monotonicMs)) freezeAgain(turn);
    watchGrace(turn, seen);
    return;
  }
  if (request.overdue === "frozen") {
    // A fork may have slipped past the freeze.
    if (!seen.stopped) turn.effects.push({ do: "freeze", job: turn.name, run: turn.run });
    return;
  }
  if (request.method === "standby" && isOnStandby(seen, request)) {
    hold(turn, "standby");
    return;
  }
  // Who has been told to end isn't asked for anything else.
  if (request.overdue === null || request.overdue === "waiting") ringIfUnheard(turn, seen);
  watchGrace(turn, seen);
}

function change(turn: Turn, facts: Partial<PauseRequest>): PauseRequest {
  const { state } = turn;
  if (state.name !== "pausing") throw turn.bug("seen");
  const request = { ...state.request, ...facts };
  turn.state = { ...state, request };
  return request;
}

/** Takes in what bears on the request: who has heard it, and whether a save is getting on. */
function noted(turn: Turn, seen: Seen, availableMiB: number | null): PauseRequest {
  const { now, state } = turn;
  if (state.name !== "pausing") throw turn.bug("seen");
  const before = state.request;
  const facts: Partial<PauseRequest> = {};
  if (before.availableMiBAtRequest === null && availableMiB !== null)
    facts.availableMiBAtRequest = availableMiB;
  if (before.gpuAtRequest === undefined && turn.gpus?.unavailable === null)
    facts.gpuAtRequest = { freeMiB: turn.gpus.freeMiB, heldMiB: heldMiB(turn.gpus.entries) };
  if (before.acknowledgedAt === null && seen.ranks.some((rank) => rank.sequence >= before.sequence))
    if (before.method !== "freeze") facts.acknowledgedAt = now;
  if (seen.ranks.some((rank) => rank.state === "saving")) {
    const saved = seen.ranks.reduce((sum, rank) => sum + rank.bytesSaved, 0);
    const grew = saved > before.bytesSaved;
    if (grew || before.grewAtMs === undefined) facts.grewAtMs = now.monotonicMs;
    if (grew) {
      facts.bytesSaved = saved;
      // The grace clock stood still since the last growth.
      if (before.grewAtMs !== undefined)
        facts.deadlineMs = before.deadlineMs + now.monotonicMs - before.grewAtMs;
    }
  }
  return change(turn, facts);
}

/** After 1 s, 2 s, 4 s, then every 10 s. */
function ringIsDue(request: PauseRequest, nowMs: number): boolean {
  const { lastRingMs, askedAt } = request;
  if (lastRingMs < askedAt.monotonicMs) return true;
  const wait = Math.min(LONGEST_RING_MS, Math.max(FIRST_RING_MS, lastRingMs - askedAt.monotonicMs));
  return nowMs - lastRingMs >= wait;
}

function ringIfUnheard(turn: Turn, seen: Seen): void {
  const { state, now } = turn;
  if (state.name !== "pausing" || state.request.acknowledgedAt !== null) return;
  if (!seen.alive || seen.pid === null) return;
  if (seen.ranks.length === 0) {
    // A program without a library may take a second signal for "now, at once": it gets one.
    if (state.request.lastRingMs >= state.request.askedAt.monotonicMs) return;
    if (seen.signalCaught === false) {
      sayDeaf(turn);
      return;
    }
  }
  if (ringIsDue(state.request, now.monotonicMs)) ring(turn);
}

function sayDeaf(turn: Turn): void {
  if (!turn.first("deaf")) return;
  const { signal } = turn.job.spec.pause;
  turn.tell(
    "pause.overdue",
    "supervisor",
    `It doesn't catch ${signal} now, which would end it; the signal waits until it does.`,
  );
}

function freezeAgain(turn: Turn): void {
  change(turn, { lastRingMs: turn.now.monotonicMs });
  turn.effects.push({ do: "freeze", job: turn.name, run: turn.run });
}

const isOnStandby = (seen: Seen, request: PauseRequest): boolean =>
  seen.ranks.length > 0 && seen.ranks.every((r) => r.state === "standby" && r.sequence >= request.sequence);

const HELD = {
  standby: (after: string) => `On standby after ${after}, with its memory held.`,
  frozen: (after: string) => `Frozen after ${after}: it uses no CPU and no GPU time; its memory stays held.`,
};

/** The pause is complete with the run still there. */
function hold(turn: Turn, name: keyof typeof HELD): void {
  const { state, now } = turn;
  if (state.name !== "pausing") throw turn.bug("seen");
  const { run, request } = state;
  const { method, cause } = request;
  const pausedAfterMs = now.monotonicMs - request.askedAt.monotonicMs;
  turn.tell("pause.completed", cause.actor, HELD[name](duration(pausedAfterMs)), {
    outcome: { method, pausedAfterMs },
  });
  turn.state = { name, since: now, run, cause };
}

/** Only of a run that a person has ended: they have been told what is lost. */
function killAtLast(turn: Turn): void {
  const { state } = turn;
  change(turn, { overdue: "killed" });
  turn.tell(
    "pause.forced",
    "user",
    `It didn't end within ${duration(KILLED_AFTER_MS)} of SIGTERM: it is killed.`,
    {
      outcome: { method: "kill", stepsLost: stepsLost(turn) },
    },
  );
  if (state.name === "pausing") turn.effects.push({ do: "kill", job: turn.name, run: state.run });
}

function watchGrace(turn: Turn, seen: Seen): void {
  const { state, now } = turn;
  if (state.name !== "pausing") throw turn.bug("seen");
  const { request } = state;
  if (now.monotonicMs < request.deadlineMs) return;
  if (request.overdue === "terminated" && request.endedByHand) killAtLast(turn);
  if (request.overdue !== null) return;
  const waited = duration(now.monotonicMs - request.askedAt.monotonicMs);
  const several = (turn.job.worldSize ?? 1) > 1;
  const { onTimeout } = turn.job.spec.pause;
  // Ranks that are frozen past their timeout fail on the thaw, so several are never frozen.
  const force = request.method === "freeze" || (onTimeout === "freeze" && several) ? "wait" : onTimeout;
  const left = seen.alive ? "still running" : "not gone";
  const plan = force === "wait" ? "nothing was forced" : `it is now ${FORCED[force]}`;
  turn.tell("pause.overdue", "supervisor", `Asked to pause, ${left} ${waited} later; ${plan}.`, {
    outcome: { waitedMs: now.monotonicMs - request.askedAt.monotonicMs, stepsAtRisk: stepsLost(turn) },
  });
  change(turn, { overdue: force === "wait" ? "waiting" : FORCED[force] });
  if (force === "wait") return;
  const lost = force === "freeze" ? 0 : stepsLost(turn);
  const atRisk = lost === null ? "" : ` Up to ${plural(lost, "step")} since the last checkpoint are lost.`;
  turn.tell(
    "pause.forced",
    "supervisor",
    `Its grace ran out: it is ${FORCED[force]}.${force === "freeze" ? " Its memory stays held." : atRisk}`,
    {
      outcome: { method: force, stepsLost: lost },
    },
  );
  turn.effects.push({ do: force, job: turn.name, run: turn.run });
}

const FORCED = { freeze: "frozen", terminate: "terminated", kill: "killed" } as const;
