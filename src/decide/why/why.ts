/**
 * The answer to "why?" for one job, as data, with what is expected next. Decides nothing and contains no
 * wording: words/why.ts does that.
 */
import type { Sight, WindowState } from "../../model/decision.ts";
import { finishedWithAnother, isSeveral, type Job, pauseSignalOf, savesBy } from "../../model/job.ts";
import { endingBecause, hasWord, isEnded, isFrozenOverdue, type JobState, runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import type { Next, WaitingFor, Why } from "../../model/why.ts";
import { begunWith } from "../begun-with.ts";
import { isListed } from "../lifecycle/pause/gpu-memory-freed.ts";
import { parksByItself, pauseMethod } from "../pauses/pause-method.ts";
import type { SparedBy } from "../pauses/spared.ts";
import { releaseInMs } from "../pauses/standby-lasted.ts";
import { timeLeftMs } from "../pauses/time-limit.ts";
import { concerns, type RuleNow } from "../rules/rule-now.ts";
import { sights } from "../rules/sight.ts";
import { heldMiB } from "../sharing/gpu-memory.ts";
import { gpuView } from "../sharing/gpu-view.ts";
import { answerTo, requestFor } from "../sharing/turn-requests.ts";
import type { TickInput } from "../tick-input.ts";
import { windowsOf } from "../windows/windows.ts";
import { waysOut } from "./ways-out.ts";

/** Loops that load and compile much come to their first step later, and are told so meanwhile. */
const STEPS_WITHIN_MS = 5000;

type Pausing = Extract<JobState, { name: "pausing" }>;

/** `spared`: what rules in pressure have against pausing anybody. */
export function whyOf(job: Job, waitingFor: WaitingFor[], input: TickInput, spared: SparedBy = {}): Why {
  const sparing = Object.values(spared).flatMap((all) => all.filter((one) => one.job === job.name));
  const { name, since } = job.state;
  const sooner = waysOut(job, waitingFor, input);
  const turn = turnAskedFor(job, input);
  const unseen = unseenFor(job, input);
  const idle = input.idle.flatMap(({ rule, gpu, jobs, sinceMs }) =>
    jobs.includes(job.name) ? [{ rule, gpu, sinceMs: Math.max(sinceMs, since.wallMs) }] : [],
  );
  const handsOver = input.memory.companions?.[job.name]?.told;
  return {
    job: job.name,
    state: name,
    sinceMs: since.wallMs,
    waitingFor: [],
    next: null,
    ...ofState(job, waitingFor, input),
    ...leftOf(job),
    ...slurmOf(job),
    ...(turn && { turn }),
    ...(handsOver !== undefined && { handsOver }),
    ...(sparing.length > 0 && { spared: sparing }),
    ...(idle.length > 0 && { idle }),
    ...(unseen.length > 0 && { unseen }),
    ...(sooner.length > 0 && { sooner }),
  };
}

/** Where nothing is to be decided any more, no rule matters. */
function unseenFor(job: Job, { rules, sample }: TickInput): Sight[] {
  if (isEnded(job.state.name)) return [];
  const concerned = rules.filter((rule) => canBeUnseen(rule) && concerns(rule, job));
  const states = Object.fromEntries(concerned.map(({ key, state }) => [key, state]));
  return sights(
    concerned.map(({ rule }) => rule),
    states,
    sample.gpus,
  );
}

/** Ruled out first: a tick asks this for every job and rule. */
const canBeUnseen = ({ state }: RuleNow): boolean =>
  state.unavailable !== null || state.estimated !== undefined;

function ofState(job: Job, waitingFor: WaitingFor[], input: TickInput): Partial<Why> {
  const { state } = job;
  switch (state.name) {
    case "failed":
      return { failure: state.reason };
    case "finished":
      return {
        ...(finishedWithAnother(job) && { finishedWith: job.ran ?? [] }),
        ...(state.assumed !== undefined && { assumed: state.assumed }),
      };
    case "starting":
      return roomOf(job);
    case "absent":
      return { absent: state.why };
    case "serving":
    case "running":
      return {
        ...begunOf(job),
        ...beforeLimit(job, running(job, input.windows), input),
        ...roomOf(job),
        ...askedOf(job),
        ...movesOf(job),
      };
    case "pausing":
      return { ...pausing(job, state, input), ...(isFrozenOverdue(state) && held(waitingFor)) };
    case "waiting":
      return { ...(state.failure !== undefined && { failure: state.failure }), ...held(waitingFor) };
    case "paused":
    case "frozen":
      return { cause: causeOf(state), ...unsaved(state), ...parkedOf(state), ...held(waitingFor) };
    case "standby":
      return { cause: causeOf(state), ...onStandby(job, held(waitingFor), input) };
    case "lost":
      return movesOf(job);
    default:
      return {};
  }
}

/** Its memory is given back before it may go on, or it isn't known when that is. */
function onStandby(job: Job, waits: Partial<Why>, { now }: TickInput): Partial<Why> {
  const { state } = job;
  const held = { ...waits, ...(state.name === "standby" && state.server && { server: state.server }) };
  const inMs = releaseInMs(job, now);
  if (inMs === null) return held;
  const atMs = now.wallMs + Math.max(0, inMs);
  return held.next && held.next.atMs <= atMs ? held : { ...held, next: { what: "release", atMs } };
}

/** Not known of a job that nothing was seen of yet, and whose config doesn't say it. */
function roomOf(job: Job): Pick<Why, "room"> {
  const { method } = job.spec.pause;
  if (method === "freeze") return { room: "frozen" };
  if (method === "park" && !isSeveral(job)) return { room: "parked" };
  if (method === "http") return { room: "server" };
  if (method === "standby") return { room: "standby" };
  const by = savesBy(job);
  if (by !== null) return { room: by };
  if (job.understands === null) return {};
  if (parksByItself(job)) return { room: "parked by itself" };
  if (!isSeveral(job)) return { room: "unproven" };
  const ended = pauseMethod(job, { frees: "time" }) !== null;
  return { room: ended ? "ranks ended" : "ranks" };
}

function begunOf(job: Job): Pick<Why, "begunWith"> {
  const begun = begunWith(job);
  return begun === undefined ? {} : { begunWith: begun };
}

const causeOf = ({ cause: { actor, reason } }: Pick<Pausing["request"], "cause">) => ({ actor, reason });

function leftOf(job: Job): Pick<Why, "left"> {
  const left = runOf(job)?.left;
  if (left === undefined) return {};
  const { since, ...one } = left;
  return { left: { ...one, sinceMs: since.wallMs } };
}

function slurmOf(job: Job): Pick<Why, "slurm"> {
  const slurm = runOf(job)?.slurm;
  return slurm === undefined ? {} : { slurm };
}

const unsaved = (state: JobState): Pick<Why, "unsaved"> =>
  state.name === "paused" && state.unsaved !== undefined ? { unsaved: state.unsaved } : {};

const parkedOf = (state: JobState): Pick<Why, "parked"> =>
  state.name === "frozen" && state.parked !== undefined ? { parked: state.parked } : {};

/** A person who is asked for a turn sees the request wherever the job is displayed. */
function turnAskedFor(job: Job, input: TickInput): Why["turn"] {
  const asked = requestFor(job, input);
  if (asked === null || answerTo(job, asked.claim, input) !== "tell") return undefined;
  return { user: asked.claim.user, forMs: asked.claim.turn?.forMs ?? 0 };
}

/** What its server is asked just now. */
function askedOf(job: Job): Pick<Why, "asked"> {
  const talk = runOf(job)?.talk;
  if (talk === undefined || talk.at === "resting") return {};
  return { asked: { at: talk.at, ...(talk.trouble !== undefined && { trouble: talk.trouble }) } };
}

/** Where its VRAM is on its way out or back. */
function movesOf(job: Job): Pick<Why, "moves"> {
  const park = runOf(job)?.park;
  if (park === undefined || park.at === "parked") return {};
  return { moves: { at: park.at, ...(park.trouble !== undefined && { trouble: park.trouble }) } };
}

function running(job: Job, windows: readonly WindowState[]): Partial<Why> {
  if (job.cancelling !== undefined) return { cancelling: true };
  const stalledSinceMs = job.progress?.stalledSinceMs;
  const stalled = stalledSinceMs !== undefined && { stalledSinceMs };
  const { manual } = job;
  if (manual?.want === "run" && manual.windowUntilMs !== null)
    return {
      ...stalled,
      outsideWindow: true,
      next: { what: "window-closes", atMs: manual.windowUntilMs },
    };
  const bound = windowsOf(job.name, windows).filter(({ open }) => open);
  const last = bound.reduce<WindowState | null>(
    (latest, one) => ((one.changesAtMs ?? Infinity) > (latest?.changesAtMs ?? 0) ? one : latest),
    null,
  );
  if (last === null || last.changesAtMs === null) return { ...stalled };
  return { ...stalled, next: { what: "window-closes", window: last.name, atMs: last.changesAtMs } };
}

/** Whichever comes first. */
function beforeLimit(job: Job, why: Partial<Why>, { now }: TickInput): Partial<Why> {
  const left = timeLeftMs(job, now);
  if (left === null || why.cancelling) return why;
  const atMs = now.wallMs + Math.max(0, left);
  return why.next && why.next.atMs <= atMs ? why : { ...why, next: { what: "time-limit", atMs } };
}

function pausing(job: Job, { request }: Pausing, { now, sample }: TickInput): Partial<Why> {
  const cause = causeOf(request);
  const run = runOf(job);
  const gpu = run === null ? null : gpuView(run, sample);
  const because = endingBecause(request, now);
  const ending = because !== null && { ending: because };
  if (request.exitedAt !== undefined) {
    const listed = run !== null && isListed(run) && gpu !== null ? gpu.entries : [];
    const pids = listed.map(({ pid }) => pid);
    const kept = { gpu: gpu?.name ?? "", pids, heldMiB: heldMiB(listed) };
    return { cause, exited: true, ...ending, ...(pids.length > 0 && { listed: kept }) };
  }
  if (ending) return { cause, ...ending };
  if (request.overdue !== null) {
    const askedForMs = now.monotonicMs - request.askedAt.monotonicMs;
    const kept = gpu === null || gpu.entries.length === 0 ? null : gpu.name;
    return { cause, overdue: { forced: request.overdue, askedForMs, gpu: kept } };
  }
  const grace = {
    what: "grace-ends" as const,
    atMs: now.wallMs + Math.max(0, request.deadlineMs - now.monotonicMs),
  };
  if (request.method === "http") return { cause, ...askedOf(job), next: grace };
  if (request.method === "park") return { cause, ...movesOf(job), next: grace };
  const streams = job.progress?.streams;
  const unstepped = isUnstepped(job, request, now);
  const untilMs = request.reportUntilMs;
  const unasked = request.method !== "freeze" && request.acknowledgedAt === null;
  const how = savesBy(job);
  const deaf = unasked && how === "signal" && job.understands === "nothing";
  return {
    cause,
    ...(deaf && { unheard: pauseSignalOf(job.spec) }),
    ...(unasked && how === "itself" && { cantAsk: "until it saves" as const }),
    ...(unasked && how === null && untilMs === undefined && { cantAsk: "until its grace ends" as const }),
    ...(unasked &&
      how === null &&
      untilMs !== undefined && {
        cantAsk: "until it reports" as const,
        reportUntilMs: request.askedAt.wallMs + untilMs - request.askedAt.monotonicMs,
      }),
    ...(unstepped && { unstepped }),
    ...(streams !== undefined && streams.held < streams.open && { streams }),
    next: grace,
  };
}

/** A pause of a library takes place in its step: one that calls none can't be paused so. */
function isUnstepped(job: Job, { askedAt, method }: Pausing["request"], now: Now): boolean {
  const run = runOf(job);
  if (savesBy(job) !== "library" || !hasWord(method) || run === null || run.firstStepAt !== undefined)
    return false;
  if (job.progress === null || !["ready", "running", "pausing"].includes(job.progress.reports)) return false;
  const { step } = job.progress;
  const none = step === null || (run.resumedFrom !== null && step === run.resumedAtStep);
  return none && now.monotonicMs - askedAt.monotonicMs >= STEPS_WITHIN_MS;
}

/** What happens when the last thing that it waits for is over. */
const BRINGS: Partial<Record<WaitingFor["code"], "window-opens" | "retry">> = {
  window: "window-opens",
  restart: "retry",
};

/** It may continue once everything it waits for is over, if all of that has a known end. */
function held(waitingFor: WaitingFor[]): Partial<Why> {
  let next: Next | null = null;
  for (const { code, untilMs } of waitingFor) {
    if (untilMs === undefined) return { waitingFor, next: null };
    if (next === null || untilMs > next.atMs) next = { what: BRINGS[code] ?? "may-go-on", atMs: untilMs };
  }
  return { waitingFor, next };
}
