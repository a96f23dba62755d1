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
  "job.handed-over",
  "job.removed",
  "pause.requested",
  "pause.completed",
  "pause.overdue",
  "pause.failed",
  "pause.forced",
  "resume.requested",
  "resume.completed",
  "resume.failed",
  "resume.doubted",
  "server.asked",
  "server.answered",
  "service.found",
  "service.gone",
  "checkpoint.verified",
  "checkpoint.rejected",
  "checkpoint.failed",
  "checkpoint.backed-up",
  "checkpoint.restored",
  "checkpoint.backup-failed",
  "window.opened",
  "window.closed",
  "rule.pressure",
  "rule.cleared",
  "rule.misattributed",
  "rule.blind",
  "rule.powerless",
  "sensor.lost",
  "sensor.recovered",
  "gpu.claimed",
  "gpu.released",
  "turn.requested",
  "config.changed",
  "config.rejected",
] as const;

/** Kinds as older versions wrote them; their rows stay unchanged and are read under the current name. */
const FORMER_KINDS: Readonly<Record<string, EventKind>> = { "gpu.requested": "turn.requested" };

/** A stored kind under its current name. */
export const presentKind = (stored: string): EventKind => FORMER_KINDS[stored] ?? (stored as EventKind);

/** All names under which events of this kind may be stored. */
export const storedKinds = (kind: string): string[] => [
  kind,
  ...Object.keys(FORMER_KINDS).filter((former) => FORMER_KINDS[former] === kind),
];

export type EventKind = (typeof EVENT_KINDS)[number];

/** Kinds of which each needs somebody's look. */
export const TROUBLES: readonly EventKind[] = [
  "job.failed",
  "job.lost",
  "pause.overdue",
  "pause.failed",
  "pause.forced",
  "resume.failed",
  "checkpoint.rejected",
  "checkpoint.backup-failed",
  "checkpoint.failed",
  "config.rejected",
];

/** One row of the audit log before it is written; the journal adds `at`, `id` and the hash. */
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
