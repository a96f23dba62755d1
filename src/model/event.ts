/** The rows of the audit log. */
import type { Actor } from "./actor.ts";
import type { Evidence } from "./decision.ts";

export const EVENT_KINDS = [
  "supervisor.started",
  "supervisor.stopped",
  "supervisor.recovered",
  "machine.rebooted",
  "job.started",
  "job.finished",
  "job.failed",
  "job.cancelled",
  "job.lost",
  "job.stalled",
  "pause.requested",
  "pause.completed",
  "pause.overdue",
  "pause.failed",
  "pause.forced",
  "resume.requested",
  "resume.completed",
  "resume.failed",
  "checkpoint.verified",
  "checkpoint.rejected",
  "checkpoint.failed",
  "checkpoint.backed-up",
  "checkpoint.restored",
  "window.opened",
  "window.closed",
  "rule.pressure",
  "rule.cleared",
  "rule.misattributed",
  "sensor.lost",
  "sensor.recovered",
  "gpu.claimed",
  "gpu.released",
  "gpu.requested",
  "config.changed",
  "config.rejected",
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** One row of the audit log before it is written; `at`, `id` and the hash are the journal's. */
export interface NewEvent {
  kind: EventKind;
  job: string | null;
  run: number | null;
  actor: Actor;
  reason: string;
  evidence?: Evidence;
  /** Signal-to-checkpoint ms, bytes, steps lost, memory released, … */
  outcome?: Record<string, unknown>;
}

export interface AuditEvent extends NewEvent {
  id: number;
  /** ISO 8601 with the local offset. */
  at: string;
  hash: string;
}
