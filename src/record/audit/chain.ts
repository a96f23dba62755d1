/**
 * The hash chain over the audit log. A row's hash covers the hash before it and all its own columns,
 * so a change anywhere shows from there on. The chain alone can't show that its end was cut off: for
 * that, keep a hash elsewhere (verify.ts).
 */
import { hash } from "node:crypto";
import type { EventRow } from "./event-row.ts";

/** What the first event follows. */
export const GENESIS = "0".repeat(64);

/** SHA-256, in hex, of the hash before and the row's columns as a JSON array. `row.hash` isn't read. */
export function chainHash(before: string, row: Omit<EventRow, "hash">): string {
  const { id, at, at_ms, kind, job, run, actor, reason, evidence, outcome } = row;
  return hash(
    "sha256",
    before + JSON.stringify([id, at, at_ms, kind, job, run, actor, reason, evidence, outcome]),
  );
}

export interface Break {
  problem: "changed" | "missing";
  /** The first event at which it shows. */
  id: number;
  text: string;
}

/** Follows a chain from one event to the next. */
export class Walk {
  /** The hash that the next event follows; null when unknown, and then its hash can't be checked. */
  before: string | null = GENESIS;
  /** The next event's id. */
  next = 1;

  /** What is wrong with this event, or null. */
  step(row: EventRow): Break | null {
    if (row.id !== this.next) return missing(this.next, row.id - 1);
    if (this.before !== null && chainHash(this.before, row) !== row.hash) return changed(row.id);
    this.goOn(row.id, row.hash);
    return null;
  }

  /** Continues after this event. */
  goOn(id: number, hash: string | null): void {
    this.next = id + 1;
    this.before = hash;
  }
}

export const missing = (first: number, last: number): Break => ({
  problem: "missing",
  id: first,
  text: first >= last ? `Event ${first} is missing.` : `Events ${first} to ${last} are missing.`,
});

const changed = (id: number): Break => ({
  problem: "changed",
  id,
  text:
    id === 1
      ? "Event 1 was changed, replaced or moved: its hash doesn't match what it says."
      : `Event ${id} doesn't follow from event ${id - 1}: it was changed, replaced or moved, or the one before was.`,
});
