/**
 * A pause in progress: rings until the job hears it, watches the grace period, and completes only when
 * the checkpoint is there and no process of the run is left. Forces nothing before its deadline.
 */

import { pauseSignalOf, savesBy } from "../../../model/job.ts";
import type { Seen } from "../../../model/seen.ts";
import { hasWord, type PauseRequest } from "../../../model/state.ts";
import { duration } from "../../../words/duration.ts";
import { heldMiB } from "../../sharing/gpu-memory.ts";
import { waitsForLeftovers } from "../end/leftovers.ts";
import { parkProgress } from "../park/park-out.ts";
import { releaseProgress } from "../server/release-server.ts";
import type { Transition } from "../transition.ts";
import { endOnceSaved } from "./end-once-saved.ts";
import { waitsForGpus } from "./gpu-memory-freed.ts";
import { watchGrace } from "./grace-ended.ts";
import { ring } from "./pause-asked.ts";
import { exited } from "./pause-ended.ts";
import { watchForReport } from "./young-run.ts";

const FIRST_RING_MS = 1000;
const LONGEST_RING_MS = 10_000;

export function pauseProgress(transition: Transition, seen: Seen, availableMiB: number | null): void {
  watchForReport(transition, seen);
  const request = noted(transition, seen, availableMiB);
  if (seen.exit !== null && !seen.alive) {
    if (request.exitedAt === undefined) transition.amend({ exitedAt: transition.now });
    if (!waitsForLeftovers(transition, seen) && !waitsForGpus(transition)) {
      exited(transition, seen, seen.exit, availableMiB);
      return;
    }
    watchGrace(transition, seen);
    return;
  }
  if (request.method === "freeze") {
    if (seen.stopped) {
      hold(transition, "frozen");
      return;
    }
    if (ringIsDue(request, transition.now.monotonicMs)) freezeAgain(transition);
    watchGrace(transition, seen);
    return;
  }
  if (request.method === "park" && (request.overdue === null || request.overdue === "waiting")) {
    parkProgress(transition, seen, availableMiB);
    return;
  }
  if (request.method === "http" && (request.overdue === null || request.overdue === "waiting")) {
    releaseProgress(transition, seen);
    return;
  }
  if (request.overdue === "frozen") {
    // A fork may have slipped past the freeze.
    if (!seen.stopped) transition.perform({ do: "freeze", run: transition.run });
    return;
  }
  if (request.method === "standby" && isOnStandby(seen, request)) {
    hold(transition, "standby");
    return;
  }
  // A run that was told to end isn't asked for anything else.
  if (request.overdue === null || request.overdue === "waiting") {
    ringIfUnheard(transition, seen);
    endOnceSaved(transition, seen);
  }
  watchGrace(transition, seen);
}

/** Records what bears on the request: which ranks have heard it, and whether a save is advancing. */
function noted(transition: Transition, seen: Seen, availableMiB: number | null): PauseRequest {
  const { now } = transition;
  const before = transition.pausing("seen").request;
  const facts: Partial<PauseRequest> = {};
  if (before.availableMiBAtRequest === null && availableMiB !== null)
    facts.availableMiBAtRequest = availableMiB;
  if (before.gpuAtRequest === undefined && transition.gpus?.unavailable === null)
    facts.gpuAtRequest = { freeMiB: transition.gpus.freeMiB, heldMiB: heldMiB(transition.gpus.entries) };
  if (before.acknowledgedAt === null && seen.ranks.some((rank) => rank.sequence >= before.sequence))
    if (hasWord(before.method) || before.method === "http") facts.acknowledgedAt = now;
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
  transition.amend(facts);
  return transition.pausing("seen").request;
}

/** After 1 s, 2 s, 4 s, then every 10 s. */
function ringIsDue(request: PauseRequest, nowMs: number): boolean {
  const { lastRingMs, askedAt } = request;
  if (lastRingMs < askedAt.monotonicMs) return true;
  const wait = Math.min(LONGEST_RING_MS, Math.max(FIRST_RING_MS, lastRingMs - askedAt.monotonicMs));
  return nowMs - lastRingMs >= wait;
}

function ringIfUnheard(transition: Transition, seen: Seen): void {
  const { state, now } = transition;
  if (state.name !== "pausing" || state.request.acknowledgedAt !== null) return;
  if (!seen.alive || (seen.pid === null && seen.slurm?.state !== "running")) return;
  if (seen.ranks.length === 0) {
    if (savesBy(transition.job) !== "signal") return;
    // A program without the library may take a second signal for "now, at once", so it gets only one.
    if (state.request.lastRingMs >= state.request.askedAt.monotonicMs) return;
    if (seen.signalCaught === false) {
      sayDeaf(transition);
      return;
    }
  }
  if (ringIsDue(state.request, now.monotonicMs)) ring(transition);
}

function sayDeaf(transition: Transition): void {
  if (!transition.first("deaf")) return;
  const signal = pauseSignalOf(transition.job.spec);
  transition.tell(
    "pause.overdue",
    "supervisor",
    `It doesn't catch ${signal} now, which would end it; the signal waits until it does.`,
  );
}

function freezeAgain(transition: Transition): void {
  transition.amend({ lastRingMs: transition.now.monotonicMs });
  transition.perform({ do: "freeze", run: transition.run });
}

const isOnStandby = (seen: Seen, request: PauseRequest): boolean =>
  seen.ranks.length > 0 && seen.ranks.every((r) => r.state === "standby" && r.sequence >= request.sequence);

const HELD = {
  standby: (after: string) => `On standby after ${after}, with its memory held.`,
  frozen: (after: string) => `Frozen after ${after}: it uses no CPU and no GPU time; its memory stays held.`,
};

/** Completes the pause with the run still alive. */
function hold(transition: Transition, name: keyof typeof HELD): void {
  const { now } = transition;
  const { run, request } = transition.pausing("seen");
  const { method, cause } = request;
  const pausedAfterMs = now.monotonicMs - request.askedAt.monotonicMs;
  transition.tell("pause.completed", cause.actor, HELD[name](duration(pausedAfterMs)), {
    outcome: { method, pausedAfterMs },
  });
  transition.become({ name, since: now, run, cause });
}
