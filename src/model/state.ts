/** The states of a job, and the sets of states the program queries. A state holds only the facts valid in it. */
import { actorKind, type Cause } from "./actor.ts";
import type { Parked } from "./park.ts";
import type { Checkpoint, Run } from "./run.ts";
import type { ServerHold } from "./server.ts";
import type { Now } from "./time.ts";

export type PauseMethod = "checkpoint" | "standby" | "freeze" | "park" | "http";

/** A requested pause that isn't over. */
export interface PauseRequest {
  method: PauseMethod;
  cause: Cause;
  sequence: number;
  askedAt: Now;
  acknowledgedAt: Now | null;
  lastRingMs: number;
  /** Monotonic; extended while the job reports `saving` with growing bytes. */
  deadlineMs: number;
  bytesSaved: number;
  /** Monotonic; its run is young, and may report until then that it saves. It is frozen if it doesn't. */
  reportUntilMs?: number;
  /** Set once the grace period is over, or a person wouldn't wait for it, with the action taken. */
  overdue: null | "waiting" | "frozen" | "terminated" | "killed";
  /** It was on standby, and is asked to give its memory back, too. */
  release?: true;
  /** It saved by itself after the request, and is ended for that: nothing of it is lost. */
  endedOnceSaved?: true;
  /** A person or its time limit has it ended: killed at `deadlineMs`, having been told what is lost. */
  endedByHand?: true;
  /** The step reported when the pause was requested. */
  stepAtRequest: number | null;
  /** Available host memory when the pause was requested, to report later how much came free. */
  availableMiBAtRequest: number | null;
  /** The same for its GPUs, and how much of it the run itself held. */
  gpuAtRequest?: { freeMiB: number | null; heldMiB: number };
  /** Monotonic time of the last growth of `bytesSaved`. */
  grewAtMs?: number;
  /** When its first process was seen to have ended. */
  exitedAt?: Now;
}

/** Asked of the program itself, by a control word; the others need nothing of it. */
export const hasWord = (method: PauseMethod): method is "checkpoint" | "standby" =>
  method === "checkpoint" || method === "standby";

/** The word that asks the program for this pause; `release` is that of one on standby which is to give its memory back. */
export function wordOf({
  method,
  release,
}: Pick<PauseRequest, "method" | "release">): "pause" | "standby" | "release" {
  if (release) return "release";
  return method === "standby" ? "standby" : "pause";
}

export type JobState =
  /** `failure`: how its last run ended, as a sentence; absent before its first. `exitCode`: where it had one. */
  | { name: "waiting"; since: Now; failure?: string; exitCode?: number | null }
  | { name: "starting"; since: Now; run: Run }
  | { name: "running"; since: Now; run: Run }
  /** A service at work: a server that isn't ours, followed and asked, never begun or ended. */
  | { name: "serving"; since: Now; run: Run }
  /** A service of which nothing is there. `why`: half a sentence. */
  | { name: "absent"; since: Now; why: string }
  | { name: "pausing"; since: Now; run: Run; request: PauseRequest }
  /** `unsaved`: the pause left no checkpoint; what that costs, as a sentence. */
  | { name: "paused"; since: Now; cause: Cause; checkpoint: Checkpoint | null; unsaved?: string }
  /** `server`: what a server holds that was asked by HTTP to give its memory back. */
  | { name: "standby"; since: Now; run: Run; cause: Cause; server?: ServerHold }
  /** `parked`: its VRAM was moved into its own host memory. */
  | { name: "frozen"; since: Now; run: Run; cause: Cause; parked?: Parked }
  /** `was`: the live state that it had when the supervisor went away. */
  | { name: "lost"; since: Now; run: Run; was?: JobState; rebooted?: boolean }
  /** `assumed`: what speaks against it, as a sentence, where nothing but its exit code says so. */
  | { name: "finished"; since: Now; assumed?: string }
  | { name: "failed"; since: Now; reason: string; exitCode: number | null }
  | { name: "cancelled"; since: Now };

export type StateName = JobState["name"];

/** States in which processes of the job may be alive. */
export const LIVE_STATES = [
  "starting",
  "running",
  "serving",
  "pausing",
  "standby",
  "frozen",
  "lost",
] as const;
export const END_STATES = ["finished", "failed", "cancelled"] as const;

export const STATES: readonly StateName[] = ["waiting", "paused", "absent", ...LIVE_STATES, ...END_STATES];

type LiveState = (typeof LIVE_STATES)[number];
type EndState = (typeof END_STATES)[number];

export const isLive = (name: StateName): name is LiveState =>
  (LIVE_STATES as readonly StateName[]).includes(name);

/** Final, unless a person retries it. */
export const isEnded = (name: StateName): name is EndState =>
  (END_STATES as readonly StateName[]).includes(name);

/** It has the machine, and nothing has asked for it back. */
export const isWorking = (name: StateName): name is "starting" | "running" | "serving" =>
  name === "starting" || isAtWork(name);

/** It is seen to do what it is there for. */
export const isAtWork = (name: StateName): name is "running" | "serving" =>
  name === "running" || name === "serving";

/** Paused within its run: it uses no time, and keeps its memory, unless that was seen to go (`isReleased`). */
export const isSuspended = (name: StateName): name is "standby" | "frozen" =>
  name === "standby" || name === "frozen";

/** It lives on without GPU memory: a server without its model, or parked. It has to be placed like a job without a run. */
export const isReleased = (state: JobState): boolean =>
  (state.name === "standby" && state.server?.released === true) ||
  (state.name === "frozen" && state.parked?.gone === true);

/** Frozen since its grace period ran out: it holds memory, nothing else, and still owes its checkpoint. */
export const isFrozenOverdue = (state: JobState): boolean =>
  state.name === "pausing" && state.request.overdue === "frozen";

/** Nothing more will come of waiting: its grace is over, and so is its time to end after SIGTERM. */
export const isStuck = ({ overdue, deadlineMs }: PauseRequest, { monotonicMs }: Now): boolean =>
  overdue !== null && ((overdue !== "terminated" && overdue !== "killed") || monotonicMs >= deadlineMs);

/** Held back by a rule; the cost of that is paid on resume. */
export const pausedByRule = (state: JobState): boolean => "cause" in state && askedByRule(state.cause);

export const askedByRule = ({ actor }: Pick<Cause, "actor">): boolean => actorKind(actor) === "rule";

/** Why it is made to end before its grace is over; null where it isn't, or should have gone by now. */
export function endingBecause(request: PauseRequest, now: Now): "saved" | "by hand" | null {
  if (request.overdue !== "terminated" || isStuck(request, now)) return null;
  if (request.endedOnceSaved) return "saved";
  return request.endedByHand ? "by hand" : null;
}

/** The run whose processes may be alive; null if there can be none. */
export function runOf({ state }: { state: JobState }): Run | null {
  return isLive(state.name) && "run" in state ? state.run : null;
}
