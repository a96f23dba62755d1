/**
 * A parked job on its way back: its GPU is claimed and seen to have room for all of it, it is continued, restored
 * and unlocked. Never restores without that look: a restore that runs out of memory is final, as the next one shows.
 */
import type { Seen } from "../../../model/seen.ts";
import { duration } from "../../../words/duration.ts";
import { measured } from "../../learned.ts";
import { heldMiB } from "../../sharing/gpu-memory.ts";
import type { Transition } from "../transition.ts";
import { drive, enter, parkOf, repeat, type Shown, shownBy } from "./drive.ts";
import { breakDown, rest } from "./ends.ts";
import { noRoom } from "./fits.ts";

/** Between two tries; doubled with each restore that fails, up to the longest. */
const TRY_AGAIN_MS = 10_000;
const LONGEST_MS = 600_000;
/** How long a reading of its GPU is waited for. */
const LOOK_MS = 10_000;

/** The claim of its GPU is published with this; nothing is called before the next look. */
export function claimToReturn(transition: Transition): void {
  enter(transition, "claiming", { tries: 0 });
}

/** Whether it is still on its way back. */
export function isReturning(transition: Transition, seen: Seen): boolean {
  const at = transition.run.park?.at;
  if (at === "claiming") claim(transition);
  else if (at === "restoring") restoring(transition, seen);
  else if (at === "unlocking") unlocking(transition, seen);
  else if (at !== undefined) throw transition.bug("a return from park");
  return transition.run.park !== undefined;
}

function claim(transition: Transition): void {
  const { gpus, now } = transition;
  const { sinceMs, heldMiB: held } = parkOf(transition);
  if (gpus === null || gpus.unavailable !== null || gpus.atMs <= sinceMs) {
    if (now.monotonicMs - sinceMs >= LOOK_MS) stay(transition, "no newer reading of its GPU has come");
    return;
  }
  const why = noRoom(transition, held);
  if (why !== null) {
    stay(transition, why);
    return;
  }
  // Calls about a stopped program hang.
  transition.perform({ do: "thaw", run: transition.run });
  drive(transition, "restoring", "restore");
}

/** It stays parked, and is tried again. */
function stay(transition: Transition, why: string, waitMs = TRY_AGAIN_MS): void {
  const { now, job } = transition;
  const reason = `It stays parked: ${why}. It is tried again in ${duration(waitMs)}.`;
  transition.tell("resume.failed", "supervisor", reason, { outcome: { method: "park" } });
  transition.note({
    attempts: { ...job.attempts, notBeforeMs: now.monotonicMs + waitMs },
    unready: why,
  });
  const { heldMiB } = parkOf(transition);
  rest(transition, { actor: "supervisor", reason, critical: false }, { heldMiB, gone: true });
  transition.perform({ do: "freeze", run: transition.run });
}

function restoring(transition: Transition, seen: Seen): void {
  const { heldMiB: held } = parkOf(transition);
  const shown = shownBy(transition, seen);
  if (shown === null) return;
  if (shown.state === "running") done(transition);
  else if (shown.state === "locked") {
    if (shown.ms !== undefined && held > 0) {
      const restoreMsPerGiB = shown.ms / (held / 1024);
      transition.note({ learned: measured(transition.job.learned, { restoreMsPerGiB }) });
    }
    drive(transition, "unlocking", "unlock");
  }
  // It was broken off, or an earlier supervisor never came to it: there has to be room again.
  else if (shown.state === "checkpointed" && shown.mayTryAgain) enter(transition, "claiming");
  else if (shown.state === "checkpointed" && !isFinal(transition, shown)) failed(transition, shown);
  else breakDown(transition, shown.why);
}

/** What the driver says of every restore after one that has run out of memory; alone it is a lack of permission. */
const REFUSED = 304;
const OUT_OF_MEMORY = 2;

const isFinal = (transition: Transition, { code }: Shown): boolean =>
  code === REFUSED && parkOf(transition).ranOut === true;

function failed(transition: Transition, { why = "it couldn't be brought back", code }: Shown): void {
  const { failures = 0, ...park } = parkOf(transition);
  const ranOut = code === OUT_OF_MEMORY && { ranOut: true as const };
  transition.know({ park: { ...park, ...ranOut, failures: failures + 1 } });
  stay(transition, why, Math.min(LONGEST_MS, TRY_AGAIN_MS * 2 ** failures));
}

function unlocking(transition: Transition, seen: Seen): void {
  const shown = shownBy(transition, seen);
  if (shown === null) return;
  if (shown.state === "running") done(transition);
  else if (shown.state === "locked") repeat(transition, "unlock");
  else if (shown.state === "checkpointed") enter(transition, "claiming");
  else breakDown(transition, shown.why);
}

function done(transition: Transition): void {
  transition.forget("park");
}

/** Its memory was out already when it was stopped, and its GPU shows that only now. */
export function onParked(transition: Transition): void {
  const { state, gpus } = transition;
  if (state.name !== "frozen" || state.parked === undefined || state.parked.gone) return;
  const { parked } = state;
  if (parked.broken !== undefined || gpus === null || gpus.unavailable !== null) return;
  if (gpus.atMs <= parkOf(transition).sinceMs || heldMiB(gpus.entries) > 0) return;
  transition.tell("pause.completed", state.cause.actor, "Its VRAM is gone from its GPU now.", {
    outcome: { method: "park", vramVerified: true, vramReleasedMiB: Math.round(parked.heldMiB) },
  });
  transition.become({ ...state, parked: { ...parked, gone: true } });
}
