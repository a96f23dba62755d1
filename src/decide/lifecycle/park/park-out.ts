/**
 * A pause by park in progress: locked, its GPU's processes listed again, its VRAM moved out, seen to be gone, and
 * only then stopped, since a stopped program hangs every call about it. Whatever fails before the VRAM is out is
 * undone, and the job is frozen instead. Each step is decided by the state that the driver tells.
 */
import type { Seen } from "../../../model/seen.ts";
import { duration } from "../../../words/duration.ts";
import { size } from "../../../words/size.ts";
import { measured } from "../../learned.ts";
import { heldMiB } from "../../sharing/gpu-memory.ts";
import { watchGrace } from "../pause/grace-ended.ts";
import type { Transition } from "../transition.ts";
import { drive, enter, parkOf, repeat, shownBy } from "./drive.ts";
import { breakDown, freezeInstead, rest } from "./ends.ts";
import { type Holder, holderOf } from "./fits.ts";

/** How long what has to be known beforehand is waited for. */
const CHECK_MS = 15_000;
/** How long its GPU is looked at for the memory to go, or for a reading to come. */
const LOOK_MS = 10_000;
/** What may stay listed of it and still count as gone. */
const MAY_STAY_MIB = 64;

/** The first step of a pause; one that is on its way back is asked for its state first. */
export function askToPark(transition: Transition): void {
  const { park } = transition.run;
  if (park?.at === "claiming") stop(transition);
  else if (park !== undefined) drive(transition, "locking", "look", { tries: 0 });
}

export function parkProgress(transition: Transition, seen: Seen, availableMiB: number | null): void {
  switch (transition.run.park?.at ?? "checking") {
    case "checking":
      check(transition, seen, availableMiB);
      break;
    case "locking":
      locking(transition, seen);
      break;
    case "listing":
      list(transition, availableMiB);
      break;
    case "moving":
      moving(transition, seen);
      break;
    case "emptying":
      empty(transition);
      break;
    case "stopping":
      stopping(transition, seen);
      break;
    case "undoing":
      undoing(transition, seen);
      break;
    default:
      throw transition.bug("a pause by park");
  }
  const { state } = transition;
  if (state.name === "pausing" && state.request.method === "park") watchGrace(transition, seen);
}

function check(transition: Transition, { park: last }: Seen, availableMiB: number | null): void {
  const holder = holderOf(transition, availableMiB);
  const { monotonicMs } = transition.now;
  if (!("pid" in holder)) {
    const { askedAt } = transition.pausing("seen").request;
    if ("never" in holder) freezeInstead(transition, holder.never);
    else if (monotonicMs - askedAt.monotonicMs >= CHECK_MS) freezeInstead(transition, holder.unknown);
    return;
  }
  // The answer to a call of an earlier move is still there.
  const number = last?.number ?? 0;
  const none = { call: "look", number, askedMs: monotonicMs, sinceMs: monotonicMs, tries: 0 } as const;
  transition.know({ park: { at: "checking", ...none, ...holder } });
  drive(transition, "locking", "lock");
}

function locking(transition: Transition, seen: Seen): void {
  const shown = shownBy(transition, seen);
  if (shown === null) return;
  if (shown.state === "locked") enter(transition, "listing");
  else if (shown.state === "checkpointed") enter(transition, "emptying");
  else if (shown.state === "failed") breakDown(transition, shown.why);
  else if (shown.state === "running" && shown.mayTryAgain) drive(transition, "locking", "lock");
  else freezeInstead(transition, shown.why ?? "the driver didn't lock it");
}

/** Processes may have begun to use the GPU between the look and the lock. */
function list(transition: Transition, availableMiB: number | null): void {
  const { sinceMs, pid } = parkOf(transition);
  const { gpus, now } = transition;
  const holder: Holder =
    gpus !== null && gpus.atMs > sinceMs
      ? holderOf(transition, availableMiB)
      : { unknown: "no newer reading of its GPU has come" };
  if ("unknown" in holder) {
    if (now.monotonicMs - sinceMs >= LOOK_MS) undo(transition, holder.unknown);
  } else if ("never" in holder) undo(transition, holder.never);
  else if (holder.pid !== pid) undo(transition, `pid ${holder.pid} holds its VRAM by now`);
  else drive(transition, "moving", "checkpoint", { heldMiB: holder.heldMiB });
}

function moving(transition: Transition, seen: Seen): void {
  const shown = shownBy(transition, seen);
  if (shown === null) return;
  if (shown.state === "checkpointed")
    enter(transition, "emptying", shown.ms === undefined ? {} : { movedMs: shown.ms });
  else if (shown.state === "failed") breakDown(transition, shown.why);
  else if (shown.state !== "locked") freezeInstead(transition, shown.why ?? "the driver let it go on");
  else if (shown.mayTryAgain) enter(transition, "listing");
  else undo(transition, shown.why ?? "the driver didn't move it");
}

function empty(transition: Transition): void {
  const { sinceMs, heldMiB: before, movedMs } = parkOf(transition);
  const { gpus, now } = transition;
  const newer = gpus !== null && gpus.unavailable === null && gpus.atMs > sinceMs;
  const gone = newer && heldMiB(gpus.entries) <= MAY_STAY_MIB;
  if (!gone && now.monotonicMs - sinceMs < LOOK_MS) return;
  if (movedMs !== undefined && before > 0) {
    const parkMsPerGiB = movedMs / (before / 1024);
    transition.note({ learned: measured(transition.job.learned, { parkMsPerGiB }) });
  }
  stop(transition);
}

function stop(transition: Transition): void {
  enter(transition, "stopping");
  transition.perform({ do: "freeze", run: transition.run });
}

function stopping(transition: Transition, seen: Seen): void {
  if (!seen.stopped) {
    const { askedMs } = parkOf(transition);
    if (transition.now.monotonicMs - askedMs < 1000) return;
    transition.know({ park: { ...parkOf(transition), askedMs: transition.now.monotonicMs } });
    transition.perform({ do: "freeze", run: transition.run });
    return;
  }
  complete(transition);
}

function complete(transition: Transition): void {
  const { now, gpus } = transition;
  const { request } = transition.pausing("seen");
  const { heldMiB: before, movedMs } = parkOf(transition);
  const left = gpus !== null && gpus.unavailable === null ? heldMiB(gpus.entries) : null;
  const gone = left !== null && left <= MAY_STAY_MIB;
  const pausedAfterMs = now.monotonicMs - request.askedAt.monotonicMs;
  const free = gpus?.freeMiB ?? null;
  const was = request.gpuAtRequest?.freeMiB ?? null;
  const seenText = gone ? "" : ", as the driver says; its GPU hasn't shown that yet";
  transition.tell(
    "pause.completed",
    request.cause.actor,
    `Parked after ${duration(pausedAfterMs)}: its ${size(before)} of VRAM moved into host memory${seenText}.`,
    {
      outcome: {
        method: "park",
        pausedAfterMs,
        vramVerified: gone,
        vramReleasedMiB: Math.round(gone ? before : 0),
        vramFreeRoseMiB: free === null || was === null ? null : Math.round(free - was),
        hostMiB: Math.round(before),
        ...(movedMs !== undefined && { movedMs: Math.round(movedMs) }),
      },
    },
  );
  rest(transition, request.cause, { heldMiB: before, gone });
}

/** Nothing was moved: what was locked goes on, and the job is frozen with its VRAM. */
function undo(transition: Transition, why: string): void {
  drive(transition, "undoing", "unlock", { because: why });
}

function undoing(transition: Transition, seen: Seen): void {
  const { because = "it was undone" } = parkOf(transition);
  const shown = shownBy(transition, seen);
  if (shown === null) return;
  if (shown.state === "locked") repeat(transition, "unlock");
  else if (shown.state === "checkpointed") enter(transition, "emptying");
  else if (shown.state === "failed") breakDown(transition, shown.why);
  else freezeInstead(transition, because);
}
