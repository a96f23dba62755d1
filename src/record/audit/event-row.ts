/** Converts an event to a row and back. Any event becomes a row; a bad value never blocks the log. */
import type { Actor } from "../../model/actor.ts";
import type { Evidence } from "../../model/decision.ts";
import { type AuditEvent, type NewEvent, presentKind } from "../../model/event.ts";

export interface EventRow {
  id: number;
  at: string;
  at_ms: number;
  kind: string;
  job: string | null;
  run: number | null;
  actor: string;
  reason: string;
  evidence: string | null;
  outcome: string | null;
  hash: string;
}

/** A row before the event has its place in the chain. */
export type EventDraft = Omit<EventRow, "id" | "hash">;

export function draftEvent(event: NewEvent, wallMs: number): EventDraft {
  return {
    at: isoWithOffset(wallMs),
    at_ms: Math.round(wallMs),
    kind: event.kind,
    job: event.job === null ? null : storable(event.job),
    run: event.run,
    actor: storable(event.actor),
    reason: storable(event.reason),
    evidence: json(event.evidence),
    outcome: json(event.outcome),
  };
}

export function eventOf(row: EventRow): AuditEvent {
  return {
    id: row.id,
    at: row.at,
    kind: presentKind(row.kind),
    job: row.job,
    run: row.run,
    actor: row.actor as Actor,
    reason: row.reason,
    ...(row.evidence === null ? {} : { evidence: JSON.parse(row.evidence) as Evidence }),
    ...(row.outcome === null ? {} : { outcome: JSON.parse(row.outcome) as Record<string, unknown> }),
    hash: row.hash,
  };
}

/** ISO 8601 with milliseconds and the local offset at that moment: 2026-11-23T09:12:04.000+01:00. */
export function isoWithOffset(wallMs: number): string {
  const minutes = -new Date(wallMs).getTimezoneOffset();
  const local = new Date(Math.round(wallMs) + minutes * 60_000).toISOString().slice(0, -1);
  const pad = (n: number): string => String(Math.trunc(n)).padStart(2, "0");
  return `${local}${minutes < 0 ? "-" : "+"}${pad(Math.abs(minutes) / 60)}:${pad(Math.abs(minutes) % 60)}`;
}

/** Half a surrogate pair (from a cut command line) can't be stored and would change the row's hash. */
const storable = (text: string): string => Buffer.from(text, "utf8").toString("utf8");

function json(value: unknown): string | null {
  if (value === undefined) return null;
  try {
    return JSON.stringify(value);
  } catch (error) {
    return JSON.stringify({ unwritable: String(error) });
  }
}
