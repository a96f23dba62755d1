/**
 * A pause by HTTP in progress: the server is drained, asked to give its memory back, and believed only when the
 * GPU shows it gone. Never asks a server to release while requests are under way: some crash after they have
 * said yes.
 */
import type { Seen } from "../../../model/seen.ts";
import { duration } from "../../../words/duration.ts";
import { size } from "../../../words/size.ts";
import { watchGrace } from "../pause/grace-ended.ts";
import type { Transition } from "../transition.ts";
import { type Held, heldSince, mayKeepMiB } from "./held-memory.ts";
import { giveUp } from "./not-released.ts";
import { answerOf, ask, callsOf, lookAgain, noteTrouble, talkOf } from "./talk.ts";

/** After its answer the GPU is looked at for at least so long. */
const LOOK_MS = 5000;

/** The first question of a pause. */
export function askToRelease(transition: Transition): void {
  const { drain, drainedSeconds } = callsOf(transition);
  if (drain.length === 0) {
    release(transition, "Its server is asked to release its memory");
    return;
  }
  const reason = `Its server is drained first: nothing may be under way for ${duration(drainedSeconds * 1000)}.`;
  transition.tell("server.asked", "supervisor", reason, { outcome: { url: callsOf(transition).url } });
  ask(transition, "draining", "drained");
}

function release(transition: Transition, reason: string): void {
  const { release, url } = callsOf(transition);
  const sent = release.map(({ method, path }) => `${method} ${path}`).join(", then ");
  transition.tell("server.asked", "supervisor", `${reason}: ${sent}.`, { outcome: { url } });
  ask(transition, "releasing", "release", { releaseMs: transition.now.monotonicMs });
}

export function releaseProgress(transition: Transition, seen: Seen): void {
  switch (talkOf(transition).at) {
    case "draining":
      drain(transition, seen);
      return;
    case "releasing":
      answered(transition, seen);
      return;
    case "emptying":
      empty(transition, seen);
      return;
    default:
      throw transition.bug("a pause by HTTP");
  }
}

function drain(transition: Transition, seen: Seen): void {
  const { now } = transition;
  const answer = answerOf(transition, seen);
  if (answer?.is === "yes") {
    const quietSinceMs = talkOf(transition).quietSinceMs ?? now.monotonicMs;
    if (now.monotonicMs - quietSinceMs >= callsOf(transition).drainedSeconds * 1000) {
      const waitedMs = now.monotonicMs - talkOf(transition).sinceMs;
      release(transition, `Drained after ${duration(waitedMs)}, its server is asked to release its memory`);
      return;
    }
    lookAgain(transition, { question: "drained", facts: { quietSinceMs } });
  } else if (answer !== null) {
    if (answer.is === "failed") noteTrouble(transition, answer);
    const { quietSinceMs: _, ...talk } = talkOf(transition);
    transition.know({ talk: { ...talk, trouble: answer.why } });
    lookAgain(transition, { question: "drained" });
  }
  const { deadlineMs } = transition.pausing("seen").request;
  const { trouble = "no answer yet" } = talkOf(transition);
  if (callsOf(transition).otherwise === "wait" || now.monotonicMs < deadlineMs) watchGrace(transition, seen);
  else giveUp(transition, `Its server wasn't seen without a request under way (${trouble})`);
}

/** Whatever it answers, its memory decides: also a server that fails, or answers late, may have given it back. */
function answered(transition: Transition, seen: Seen): void {
  const answer = answerOf(transition, seen);
  if (answer === null) return;
  if (answer.is !== "yes") noteTrouble(transition, answer);
  const talk = talkOf(transition);
  transition.know({ talk: { ...talk, at: "emptying", sinceMs: transition.now.monotonicMs } });
  empty(transition, seen);
}

function empty(transition: Transition, seen: Seen): void {
  const { releaseMs = 0, sinceMs } = talkOf(transition);
  const held = heldSince(transition, sinceMs);
  if ("miB" in held && held.miB <= mayKeepMiB(transition)) {
    complete(transition, { remainderMiB: held.miB, shownBy: "gpu" });
    return;
  }
  if ("unknown" in held && serverSaysSo(transition, seen)) {
    complete(transition, { remainderMiB: null, shownBy: "server" });
    return;
  }
  const untilMs = Math.max(releaseMs + callsOf(transition).timeoutSeconds * 1000, sinceMs + LOOK_MS);
  if (transition.now.monotonicMs >= untilMs)
    giveUp(transition, `Its server was asked to release its memory, but ${whatStays(transition, held)}`);
}

/** Its own word, where no GPU can be read; null knowledge where its config names no such call. */
function serverSaysSo(transition: Transition, seen: Seen): boolean {
  if (callsOf(transition).released.length === 0) return false;
  const { question } = talkOf(transition);
  const answer = question === "released" ? answerOf(transition, seen) : null;
  if (answer?.is === "yes") return true;
  if (answer?.is === "failed") noteTrouble(transition, answer);
  if (question === "release" || answer !== null)
    lookAgain(transition, { question: "released", everyMs: question === "release" ? 0 : 1000 });
  return false;
}

function whatStays(transition: Transition, held: Held): string {
  const { trouble } = talkOf(transition);
  const said = trouble === undefined ? "" : ` (${trouble})`;
  if ("miB" in held)
    return `it still holds ${size(held.miB)} where ${size(mayKeepMiB(transition))} may remain${said}`;
  const why = "unknown" in held ? held.unknown : "no newer reading of its GPU has come";
  return `nothing shows that it has: ${why}${said}`;
}

interface Shown {
  remainderMiB: number | null;
  shownBy: "gpu" | "server";
}

function complete(transition: Transition, { remainderMiB, shownBy }: Shown): void {
  const { now } = transition;
  const { run, request } = transition.pausing("seen");
  const pausedAfterMs = now.monotonicMs - request.askedAt.monotonicMs;
  const { freeMiB = null, heldMiB = null } = request.gpuAtRequest ?? {};
  const free = transition.gpus?.freeMiB ?? null;
  transition.tell(
    "pause.completed",
    request.cause.actor,
    completedText(transition, remainderMiB, pausedAfterMs),
    {
      outcome: {
        method: "http",
        pausedAfterMs,
        shownBy,
        remainderMiB: remainderMiB === null ? null : Math.round(remainderMiB),
        vramVerified: shownBy === "gpu",
        vramReleasedMiB:
          heldMiB === null || remainderMiB === null ? null : Math.round(Math.max(0, heldMiB - remainderMiB)),
        vramFreeRoseMiB: free === null || freeMiB === null ? null : Math.round(free - freeMiB),
      },
    },
  );
  const { trouble: _, ...talk } = talkOf(transition);
  const server = { released: true, remainderMiB, shownBy } as const;
  const resting = { ...run, talk: { ...talk, at: "resting" as const, sinceMs: now.monotonicMs } };
  transition.become({ name: "standby", since: now, run: resting, cause: request.cause, server });
}

function completedText({ gpus }: Transition, remainderMiB: number | null, afterMs: number): string {
  const after = `On standby after ${duration(afterMs)}: its server`;
  if (remainderMiB === null)
    return `${after} says that its memory is released; its GPU can't be read, so nothing else shows it.`;
  const left = remainderMiB === 0 ? "nothing of it remains" : `${size(remainderMiB)} of it remain`;
  return `${after} has released its memory; ${left} on ${gpus?.name ?? "its GPU"}.`;
}
