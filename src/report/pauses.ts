/** Each pause, from the events that tell of it. Pure. */
import type { Actor } from "../model/actor.ts";
import type { AuditEvent } from "../model/event.ts";
import type { SpanState } from "./span.ts";
import { keepsMemory, stateAfter } from "./state-after.ts";

/** Times in ms. Null: not known, or not yet. */
export interface Pause {
  job: string;
  run: number | null;
  /** Wall times: asked for, complete, asked to go on, and at its first new step. */
  askedMs: number;
  doneMs: number | null;
  resumedMs: number | null;
  goesOnMs: number | null;
  /** Wall time at which it was over, whatever ended it: its job was asked to go on, or ended, or begins anew. */
  overMs: number | null;
  /** From the request until it had made room, without the machine's sleep where its run was timed by the other clock. */
  tookMs: number | null;
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

/** In the order in which they were asked for. */
export function pausesOf(events: readonly AuditEvent[]): Pause[] {
  const all: Pause[] = [];
  const latest = new Map<string, Pause>();
  const states = new Map<string, SpanState | null>();
  for (const event of events) {
    const { job } = event;
    if (job === null) continue;
    const before = states.get(job) ?? null;
    const state = stateAfter(event, { state: before, cancelling: false }) ?? before;
    states.set(job, state);
    const open = latest.get(job);
    if (event.kind === "pause.requested" || isByItself(event, open)) {
      if (open !== undefined) end(open, event);
      const pause = begun(event, job);
      latest.set(job, pause);
      all.push(pause);
      if (event.kind === "pause.completed") follow(pause, event);
    } else if (open !== undefined) {
      follow(open, event);
      if (isPause(event, state)) goOnPausing(open);
      else end(open, event);
      // It goes on only with its first new step.
      if (open.overMs !== null && state !== "starting") latest.delete(job);
    }
  }
  return all;
}

/** A job whose run is lost waits for another reason. */
const isPause = ({ kind }: AuditEvent, state: SpanState | null): boolean =>
  kind !== "job.lost" && state !== null && ["pausing", "paused", "standby", "frozen"].includes(state);

function end(pause: Pause, event: AuditEvent): void {
  if (pause.overMs !== null) return;
  pause.overMs = Math.max(timeOf(event), pause.doneMs ?? pause.askedMs);
  if (!event.kind.startsWith("pause.") && !pause.events.includes(event.id)) pause.events.push(event.id);
}

/** What was to go on from standby, or from being parked, may have to stay there. */
function goOnPausing(pause: Pause): void {
  pause.resumedMs = null;
  pause.overMs = null;
}

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
    overMs: null,
    tookMs: null,
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
  if (keepsMemory(event)) {
    pause.saved = true;
    pause.stepsLost = 0;
  } else if (kind === "pause.completed" || (kind === "pause.failed" && pause.doneMs === null)) {
    // One that ended otherwise has made room, too.
    pause.doneMs = atMs;
    pause.tookMs = tookMs(pause, event, atMs);
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

/** What is timed from another request than the first one, by another method, leaves out what was before. */
function tookMs({ askedMs, method }: Pause, { outcome = {} }: AuditEvent, atMs: number): number {
  const timedMs = numberOf(outcome.goneAfterMs ?? outcome.pausedAfterMs);
  return timedMs === null || (outcome.method ?? null) !== method
    ? atMs - askedMs
    : Math.min(atMs - askedMs, timedMs);
}

export const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);
