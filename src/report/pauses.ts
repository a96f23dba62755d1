/** Each pause with what it cost, from the events that tell of it. Pure. */
import type { Actor } from "../model/actor.ts";
import type { AuditEvent } from "../model/event.ts";

/** Times in ms. Null: not known, or not yet. */
export interface Pause {
  job: string;
  run: number | null;
  /** Wall times: asked for, complete, asked to go on, and at its first new step. */
  askedMs: number;
  doneMs: number | null;
  resumedMs: number | null;
  goesOnMs: number | null;
  actor: Actor;
  reason: string;
  method: string | null;
  /** It left a valid checkpoint, or holds its run; false where it left none. */
  saved: boolean | null;
  /** Of a pause that ended its run, or whose steps were counted otherwise. */
  stepsLost: number | null;
  bytes: number | null;
  /** Rows of the audit log. */
  events: number[];
}

/** What the job lost by it: from the request until it had made room, and from the resume to its first new step. */
export const costMs = ({ askedMs, doneMs, resumedMs, goesOnMs }: Pause): number | null =>
  doneMs === null ? null : doneMs - askedMs + (resumedMs === null ? 0 : (goesOnMs ?? resumedMs) - resumedMs);

/** In the order in which they were asked for. */
export function pausesOf(events: readonly AuditEvent[]): Pause[] {
  const all: Pause[] = [];
  const latest = new Map<string, Pause>();
  for (const event of events) {
    if (event.job === null) continue;
    const open = latest.get(event.job);
    if (event.kind === "pause.requested" || isByItself(event, open)) {
      const pause = begun(event, event.job);
      latest.set(event.job, pause);
      all.push(pause);
      if (event.kind === "pause.completed") follow(pause, event);
    } else if (open !== undefined) follow(open, event);
    if (ENDS.includes(event.kind)) latest.delete(event.job);
  }
  return all;
}

/** After these no pause of the job is open any more. */
const ENDS: readonly string[] = [
  "job.started",
  "job.finished",
  "job.failed",
  "job.lost",
  "resume.completed",
  "resume.failed",
];

/** A program that saved and left by itself was never asked. */
const isByItself = ({ kind, actor }: AuditEvent, open: Pause | undefined): boolean =>
  kind === "pause.completed" && actor === "job" && (open === undefined || open.doneMs !== null);

const timeOf = ({ at }: AuditEvent): number => Date.parse(at);

function begun(event: AuditEvent, job: string): Pause {
  const { outcome = {} } = event;
  return {
    job,
    run: event.run,
    askedMs: timeOf(event),
    doneMs: null,
    resumedMs: null,
    goesOnMs: null,
    actor: event.actor,
    reason: event.reason,
    method: typeof outcome.method === "string" ? outcome.method : null,
    saved: null,
    stepsLost: null,
    bytes: null,
    events: [event.id],
  };
}

function follow(pause: Pause, event: AuditEvent): void {
  const { kind, outcome = {} } = event;
  // Of a clock that was set back in between nothing negative may come.
  const atMs = Math.max(timeOf(event), pause.resumedMs ?? pause.doneMs ?? pause.askedMs);
  if (kind === "pause.completed" || (kind === "pause.failed" && pause.doneMs === null)) {
    // One that ended otherwise has made room, too.
    pause.doneMs = atMs;
    pause.saved = kind === "pause.completed";
    pause.stepsLost = numberOf(outcome.stepsLost) ?? (outcome.pausedAfterMs === undefined ? null : 0);
    pause.bytes = numberOf(outcome.bytes);
  } else if (kind === "resume.requested" && pause.doneMs !== null && pause.resumedMs === null) {
    // A person's wish alone starts nothing.
    if (outcome.gpus === undefined && event.evidence === undefined) return;
    pause.resumedMs = atMs;
  } else if (kind === "resume.completed" && pause.resumedMs !== null) pause.goesOnMs = atMs;
  else return;
  pause.events.push(event.id);
}

export const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);
