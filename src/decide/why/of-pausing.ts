/** What is said of a job that was asked to pause: what it still does, or why it can't be asked. */
import { type Job, pauseSignalOf, savesBy } from "../../model/job.ts";
import { endingBecause, hasWord, runOf } from "../../model/state.ts";
import type { Why } from "../../model/why.ts";
import { isListed } from "../lifecycle/pause/gpu-memory-freed.ts";
import { heldMiB } from "../sharing/gpu-memory.ts";
import { gpuView } from "../sharing/gpu-view.ts";
import type { TickInput } from "../tick-input.ts";
import { causeOf, type Pausing } from "./of-held.ts";
import { askedOf, movesOf } from "./of-run.ts";

/** Most jobs have saved by then. Loops that load and compile much come to their first step later, and are told so meanwhile. */
const SAVES_WITHIN_MS = 5000;
const NOT_SAVING = ["ready", "running", "pausing"];

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
  const askedForMs = now.monotonicMs - request.askedAt.monotonicMs;
  const stays = askedForMs >= SAVES_WITHIN_MS && NOT_SAVING.includes(job.progress?.reports ?? "");
  const told = stays && job.progress?.error !== undefined && { error: job.progress.error };
  if (request.overdue !== null) {
    const kept = gpu === null || gpu.entries.length === 0 ? null : gpu.name;
    return { cause, ...told, overdue: { forced: request.overdue, askedForMs, gpu: kept } };
  }
  const grace = {
    what: "grace-ends" as const,
    atMs: now.wallMs + Math.max(0, request.deadlineMs - now.monotonicMs),
  };
  if (request.method === "http") return { cause, ...askedOf(job), next: grace };
  if (request.method === "park") return { cause, ...movesOf(job), next: grace };
  const streams = job.progress?.streams;
  const unstepped = stays && isUnstepped(job, request);
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
    ...told,
    ...(streams !== undefined && streams.held < streams.open && { streams }),
    next: grace,
  };
}

/** A pause of a library takes place in its step: one that calls none can't be paused so. */
function isUnstepped(job: Job, { method }: Pausing["request"]): boolean {
  const run = runOf(job);
  if (savesBy(job) !== "library" || !hasWord(method) || run === null || run.firstStepAt !== undefined)
    return false;
  const step = job.progress?.step ?? null;
  return step === null || (run.resumedFrom !== null && step === run.resumedAtStep);
}
