/**
 * The hash chain over the audit log, and the check that it is whole. A row's hash covers the hash
 * before it and all its own columns, so a change anywhere shows from there on. What the chain alone
 * can't show is a tail that was cut off: for that, keep a hash elsewhere and pass it as `expect`.
 */
import { hash } from "node:crypto";
import { errorText } from "./database-error.ts";
import type { EventRow } from "./event-row.ts";
import { openReadOnly } from "./open-read-only.ts";

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

export type Verified =
  | { ok: true; count: number; newest: { id: number; hash: string } | null }
  | {
      ok: false;
      problem: "changed" | "missing" | "cut" | "unreadable";
      /** The first event at which it shows; null where the whole file can't be read. */
      id: number | null;
      text: string;
      /** Events that are there, and the newest of them, whole or not. */
      count: number;
      newest: { id: number; hash: string } | null;
    };

/**
 * Streams through all events, oldest first. `expect` is the hash of an event that must be there,
 * noted earlier in another place. Throws DatabaseError where there is no database to read.
 */
export function verifyChain(path: string, options: { expect?: string } = {}): Verified {
  const db = openReadOnly(path);
  let before = GENESIS;
  let newest: { id: number; hash: string } | null = null;
  let found = options.expect === undefined || options.expect === GENESIS;
  try {
    const bad = (problem: "changed" | "missing" | "cut", id: number, text: string): Verified => {
      const last = db.prepare("SELECT id, hash FROM events ORDER BY id DESC LIMIT 1").get();
      const count = Number(db.prepare("SELECT count(*) FROM events").pluck().get());
      return { ok: false, problem, id, text, count, newest: (last as { id: number; hash: string }) ?? null };
    };
    let next = 1;
    for (const row of db.prepare("SELECT * FROM events ORDER BY id").iterate() as Iterable<EventRow>) {
      if (row.id !== next) return bad("missing", next, missingText(next, row.id - 1));
      if (chainHash(before, row) !== row.hash) return bad("changed", row.id, changedText(row.id));
      before = row.hash;
      found ||= before === options.expect;
      newest = { id: row.id, hash: row.hash };
      next++;
    }
    if (!found) return bad("cut", next, cutText(newest?.id ?? 0));
    return { ok: true, count: next - 1, newest };
  } catch (error) {
    const id = newest === null ? null : newest.id + 1;
    return { ok: false, problem: "unreadable", id, text: errorText(error), count: newest?.id ?? 0, newest };
  } finally {
    db.close();
  }
}

const missingText = (first: number, last: number): string =>
  first === last ? `Event ${first} is missing.` : `Events ${first} to ${last} are missing.`;

const changedText = (id: number): string =>
  id === 1
    ? "Event 1 was changed, replaced or moved: its hash doesn't match what it says."
    : `Event ${id} doesn't follow from event ${id - 1}: it was changed, replaced or moved, or the one before was.`;

const cutText = (last: number): string =>
  `The expected hash isn't there: events after event ${last} were cut off, or the log was written anew.`;
