/** What is said of a job that was asked to pause: what it still does, or why it can't be asked. */
import { type Job, pauseSignalOf, savesBy } from "../../model/job.ts";
import { endingBecause, hasWord, runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import type { Why } from "../../model/why.ts";
import { isListed } from "../lifecycle/pause/gpu-memory-freed.ts";
import { heldMiB } from "../sharing/gpu-memory.ts";
import { gpuView } from "../sharing/gpu-view.ts";
import type { TickInput } from "../tick-input.ts";
import { causeOf, type Pausing } from "./of-held.ts";
import { askedOf, movesOf } from "./of-run.ts";

/** Loops that load and compile much come to their first step later, and are told so meanwhile. */
const STEPS_WITHIN_MS = 5000;

export function pausing(job: Job, { request }: Pausing, { now, sample }: TickInput): Partial<Why> {
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
