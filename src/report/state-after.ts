/**
 * What an event says about the state of its job. The lifecycle tells each of its moves in an event; this
 * reads them back. Pure.
 */
import type { AuditEvent, EventKind } from "../model/event.ts";
import type { SpanState } from "./span.ts";

/** The kinds that can move a job, or tell of the supervisor that watches it. */
export const MOVING_KINDS: readonly EventKind[] = [
  "supervisor.started",
  "supervisor.stopped",
  "supervisor.recovered",
  "job.started",
  "job.finished",
  "job.failed",
  "job.cancelled",
  "job.lost",
  "job.removed",
  "job.stalled",
  "pause.requested",
  "pause.completed",
  "pause.failed",
  "resume.requested",
  "resume.completed",
  "resume.failed",
  "gpu.released",
  "service.found",
  "service.gone",
];

/** `cancelling`: its program was asked to end, and hasn't yet. */
export interface Before {
  state: SpanState | null;
  cancelling: boolean;
}

/** Null: it stays as it is. */
export function stateAfter(event: AuditEvent, before: Before): SpanState | null {
  switch (event.kind) {
    case "supervisor.recovered":
    case "job.started":
    case "resume.completed":
    case "service.found":
      return "running";
    case "service.gone":
      return "waiting";
    case "resume.requested":
      return afterResumeRequested(event, before);
    case "pause.requested":
      return "pausing";
    case "pause.completed":
      if (has(event, "pausedAfterMs")) return heldBy(event);
      // A further word on a server or a parked job that holds its run.
      return (isOfPark(event) || isOfServer(event)) && !has(event, "goneAfterMs") ? null : "paused";
    case "pause.failed":
      if (has(event, "goneAfterMs")) return "paused";
      if (keepsMemory(event)) return "standby";
      return isOfPark(event) ? "frozen" : null;
    case "job.finished":
      return "ended";
    case "job.cancelled":
      return has(event, "stepsLost") || !isLive(before) ? "ended" : null;
    case "job.removed":
      return isLive(before) ? null : "ended";
    case "job.lost":
      // Nobody knows how it ended, so it is tried again; what a reboot or Slurm has ended goes on.
      if (event.actor === "supervisor") return "waiting";
      return before.cancelling ? "ended" : "paused";
    case "job.failed":
      return event.outcome?.final === true ? "ended" : "waiting";
    case "resume.failed":
      // A server that didn't come back, and what is parked, hold their run.
      if (has(event, "failures")) return "standby";
      return isOfPark(event) ? "frozen" : "waiting";
    case "job.stalled":
      // Only where it ended for want of GPU memory.
      return has(event, "againAfter") ? "waiting" : null;
    case "gpu.released":
      return event.actor === "peer" ? "waiting" : null;
    default:
      return null;
  }
}

/** A pause that failed: its job stays on standby, and gives up nothing of what it was asked for. */
export const keepsMemory = (event: AuditEvent): boolean =>
  event.kind === "pause.failed" && has(event, "waitedMs");

const has = ({ outcome }: AuditEvent, field: string): boolean =>
  outcome !== undefined && outcome[field] !== undefined;

const isOfPark = ({ outcome }: AuditEvent): boolean => outcome?.method === "park";
const isOfServer = ({ outcome }: AuditEvent): boolean => outcome?.method === "http";

const heldBy = (event: AuditEvent): SpanState =>
  event.outcome?.method === "standby" || isOfServer(event) ? "standby" : "frozen";

const isLive = ({ state }: Before): boolean =>
  state !== null && state !== "waiting" && state !== "paused" && state !== "ended";

/** A new run has an outcome, a held one that goes on has evidence alone, and a person's wish has neither. */
function afterResumeRequested(event: AuditEvent, { state }: Before): SpanState | null {
  if (has(event, "gpus")) return "starting";
  // A person chose an earlier checkpoint: it waits like a paused job for its start.
  if (has(event, "path")) return "paused";
  if (isSecondChance(event)) return "waiting";
  // Frozen when its grace ran out: it goes on to its checkpoint.
  return state === "pausing" ? null : "starting";
}

/** A person gave a job that had ended another chance. */
export const isSecondChance = ({ kind, outcome, evidence }: AuditEvent): boolean =>
  kind === "resume.requested" && outcome === undefined && evidence === undefined;

/** `job.cancelled` of a job whose program still runs. */
export const isCancelling = (event: AuditEvent, before: Before): boolean =>
  event.kind === "job.cancelled" && stateAfter(event, before) === null;

/** It ended badly, and the event doesn't tell whether it is left failed: older versions never told. */
export const mayBeFinal = ({ kind, outcome }: AuditEvent): boolean =>
  (kind === "job.failed" || kind === "job.lost") && outcome?.final === undefined;
