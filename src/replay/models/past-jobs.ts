/** What a recorded job was like, and where it stood when the replay begins. */
import type { JobSpec } from "../../config/schema/job-schema.ts";
import { EXIT_PAUSED } from "../../contract/names.ts";
import { step } from "../../decide/lifecycle/step.ts";
import { newJob } from "../../decide/roster.ts";
import type { Cause } from "../../model/actor.ts";
import type { Job } from "../../model/job.ts";
import { isUnsaved } from "../../model/steps-lost.ts";
import type { Now } from "../../model/time.ts";
import type { History, PastEvent } from "../history/history.ts";
import type { Habits } from "./model-sight.ts";
import { RecordedCosts } from "./recorded-costs.ts";

const STEP_MS = 1000;

export interface PastJob {
  /** As it is known at the end; null for a job that the history doesn't know. */
  known: Job | null;
  events: readonly PastEvent[];
  /** Wall time: from then on it exists. */
  existsMs: number;
}

export function pastJob(name: string, { jobs, events, runs, span }: History): PastJob {
  const known = jobs.find((one) => one.name === name) ?? null;
  const own = events.filter(({ job }) => job === name);
  const first = Math.min(
    own[0]?.atMs ?? Infinity,
    runs.find(({ job }) => job === name)?.startedMs ?? Infinity,
  );
  // A job of the config waited from the start; one that was submitted came with its first run.
  const submitted = known?.origin === "run" && Number.isFinite(first);
  return { known, events: own, existsMs: submitted ? Math.max(first, span.fromMs) : span.fromMs };
}

export function habitsOf({ known, events }: PastJob, fromMs: number): Habits {
  const costs = new RecordedCosts(known, events);
  return {
    costs,
    understands: known?.understands ?? "contract",
    worldSize: known?.worldSize ?? 1,
    stepMs: known?.progress?.stepMs ?? STEP_MS,
    workMs: workUntilFinished(events, costs, fromMs),
  };
}

/** How long it worked from the beginning of the replay until it was finished; null if it wasn't. */
function workUntilFinished(
  events: readonly PastEvent[],
  costs: RecordedCosts,
  fromMs: number,
): number | null {
  let workMs = 0;
  let since: number | null = null;
  let finished = false;
  for (const { kind, atMs } of events) {
    if (kind === "job.started" || kind === "resume.requested") since = atMs + costs.loadAt(atMs);
    else if (kind === "pause.requested" || kind === "job.failed" || kind === "job.finished") {
      if (since !== null) workMs += Math.max(0, atMs - Math.max(since, fromMs));
      since = null;
      finished = kind === "job.finished" && atMs >= fromMs;
    }
  }
  return finished ? workMs : null;
}

/**
 * The job as a supervisor would know it at `now`, when the replay begins. One that was at work waits here:
 * the replay gives it a run of its own.
 */
export function jobAt(past: PastJob, spec: JobSpec, origin: Job["origin"], now: Now): Job {
  const fresh = newJob(spec, origin, now);
  const { known } = past;
  const before = past.events.filter(({ atMs }) => atMs < now.wallMs);
  // What a job costs is learned from its runs: a replay of its first run must not know it beforehand.
  if (known === null || before.length === 0) return fresh;
  const { learned, understands, worldSize } = known;
  const runs = Math.max(0, ...before.map(({ run }) => run ?? 0));
  const kept = { ...fresh, learned, understands, runs, ...(worldSize !== undefined && { worldSize }) };
  // Its way there costs nothing here: it was paid before.
  return { ...stoodAt(kept, before, now), learned, balance: fresh.balance };
}

/** Moved by the lifecycle to where its last events say that it stood. */
function stoodAt(job: Job, before: readonly PastEvent[], now: Now): Job {
  const last = before.findLast(isStanding)?.kind;
  if (last === "job.cancelled") return step(job, { kind: "cancel", by: "a person, as recorded" }, now).job;
  if (last === "job.finished") return ended(started(job, now), now, { code: 0 });
  const asked = before.findLast(({ kind }) => kind === "pause.requested");
  if ((last !== "pause.completed" && last !== "pause.failed") || asked === undefined) return job;
  const decision = {
    verb: "pause" as const,
    job: job.name,
    method: "checkpoint" as const,
    cause: causeOf(asked),
    evidence: {},
  };
  const pausing = step(started(job, now), { kind: "pause", decision }, now).job;
  return ended(pausing, now, { code: EXIT_PAUSED, saved: last === "pause.completed" });
}

const STANDS = /^(pause\.completed|resume\.requested|job\.(started|finished|failed|cancelled))$/;
const isStanding = (event: PastEvent): boolean => STANDS.test(event.kind) || isUnsaved(event);

function started(job: Job, now: Now): Job {
  const how = { actor: "recovery", reason: "It ran before.", evidence: {}, gpus: [] } as const;
  const decision = { verb: "start" as const, job: job.name, ...how, gpus: [] };
  const identity = { id: "before the replay", bootId: "before the replay" };
  return step(job, { kind: "launch", decision, identity, resumeFrom: null, gpus: [] }, now).job;
}

/** Its run is over; `saved`: with a checkpoint of this moment. */
function ended(job: Job, now: Now, { code, saved = true }: { code: number; saved?: boolean }): Job {
  const checkpoint = {
    path: `replay/${job.name}/before`,
    step: 0,
    epoch: null,
    bytes: 0,
    createdAtMs: now.wallMs,
    verified: "full" as const,
  };
  const seen = {
    pid: null,
    startTime: null,
    alive: false,
    exit: { known: true as const, code, signal: null },
    leftovers: [],
    ranks: [],
    checkpoints: saved ? [checkpoint] : [],
    rejected: [],
    signalCaught: null,
    stopped: false,
  };
  return step(job, { kind: "seen", seen, availableMiB: null }, now).job;
}

function causeOf({ actor, reason, evidence }: PastEvent): Cause {
  const { rule, gpu } = evidence ?? {};
  const key = rule === undefined ? {} : { rule: gpu === undefined ? rule : `${rule}@${gpu}` };
  return { actor, reason, critical: false, ...key };
}

/** It had processes when the replay begins. */
export const wasAtWork = ({ events }: PastJob, fromMs: number): boolean =>
  events
    .filter(({ atMs }) => atMs < fromMs)
    .reduce(
      (at, event) =>
        event.kind === "job.started" || event.kind === "resume.requested"
          ? true
          : /^(pause\.completed|job\.(finished|failed|cancelled|lost))$/.test(event.kind) || isUnsaved(event)
            ? false
            : at,
      false,
    );
