/**
 * Moves events that have come of age from the database to a file beside it. The file is durable before
 * the anchor names it, and the anchor is committed before a row goes: killed at any point, every event
 * is in one of them, and the next housekeeping goes on from there. Never changes an event, and never
 * holds the write lock for long.
 */
import { rmSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { isSystemError, Refusal } from "../../refusal.ts";
import type { Retention } from "../upkeep/thin-samples.ts";
import { type Exported, exportPath, exportPrefix, listExports } from "./anchor.ts";
import type { EventRow } from "./event-row.ts";
import { exportsAt, writeExport } from "./export-file.ts";

const DAY_MS = 24 * 60 * 60_000;
/** A file is made once the oldest event is older than it need be by this part: ten files in that time, not one an hour. */
const SLACK = 0.1;
/** Of text: what is made and checked in memory. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Rows that go in one transaction, each from five indexes too. */
const ROWS_AT_ONCE = 50;

/**
 * Makes at most one file. Returns how many events have left the database, 0 when there is nothing (more)
 * to do. `pause` is called between two transactions.
 */
export function exportEvents(
  db: Database,
  retention: Retention,
  nowMs: number,
  pause: () => void = () => {},
): number {
  const left = dropExported(db, pause);
  if (left > 0) return left;
  const rows = nextRows(db, retention, nowMs);
  const last = rows.at(-1);
  if (last === undefined) return 0;
  const exported = { first: rows[0]?.id ?? last.id, last: last.id, hash: last.hash };
  const path = exportPath(db.name, exported);
  try {
    writeExport(path, rows);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new Refusal(`Old events stay in the database, since ${path} can't be written: ${error.message}.`);
  }
  anchor(db, { ...exported, newestMs: rows.reduce((newest, row) => Math.max(newest, row.at_ms), 0) });
  return dropExported(db, pause);
}

/** The oldest events in the database that are to go into one file; none where it isn't time. */
function nextRows(db: Database, { eventsDays }: Retention, nowMs: number): EventRow[] {
  const newest = db.prepare("SELECT id, at_ms FROM events ORDER BY id DESC LIMIT 1").get();
  if (eventsDays === undefined || newest === undefined) return [];
  const { id: newestId, at_ms: newestMs } = newest as EventRow;
  // The clock was set back: nothing can be said of anything's age.
  if (newestMs > nowMs + DAY_MS) return [];
  const first = (listExports(db).at(-1)?.last ?? 0) + 1;
  const until = leftBehind(db, first);
  const keptMs = eventsDays * DAY_MS;
  // One from the future was written while the clock was wrong; it must not keep the rest for ever.
  const isOld = (row: EventRow, ageMs: number) => row.at_ms < nowMs - ageMs || row.at_ms > nowMs + DAY_MS;
  const rows: EventRow[] = [];
  let bytes = 0;
  for (const row of db.prepare("SELECT * FROM events WHERE id >= ? ORDER BY id").iterate(first)) {
    const event = row as EventRow;
    const ageMs = rows.length === 0 ? keptMs * (1 + SLACK) : keptMs;
    const goes =
      until === null ? event.id < newestId && isOld(event, ageMs) && bytes < MOST_BYTES : event.id <= until;
    if (!goes) break;
    rows.push(event);
    bytes += event.reason.length + (event.evidence?.length ?? 0) + (event.outcome?.length ?? 0) + 200;
  }
  return rows;
}

/**
 * The last event of an export that was written, but not anchored before its process was killed: it is
 * made again, so that no second file has the same events. Removes what was only begun.
 */
function leftBehind(db: Database, first: number): number | null {
  const prefix = exportPrefix(db.name, first);
  const { whole, begun } = exportsAt(prefix);
  for (const path of begun) rmSync(path, { force: true });
  const hashOf = db.prepare("SELECT hash FROM events WHERE id = ?").pluck();
  const lasts = whole.map((path) => Number.parseInt(path.slice(prefix.length), 10));
  // Another log's, from before the database was begun anew, has another hash in its name.
  return (
    lasts.find((last) =>
      whole.includes(exportPath(db.name, { first, last, hash: String(hashOf.get(last)) })),
    ) ?? null
  );
}

function anchor(db: Database, { first, last, hash, newestMs }: Exported): void {
  db.prepare("INSERT INTO exports (last, first, hash, newest_ms) VALUES (?, ?, ?, ?)").run(
    last,
    first,
    hash,
    newestMs,
  );
}

/** Oldest first, so that what is left is always one piece. */
function dropExported(db: Database, pause: () => void): number {
  const last = listExports(db).at(-1)?.last ?? 0;
  const oldest = db.prepare("SELECT min(id) FROM events").pluck();
  const drop = db.prepare("DELETE FROM events WHERE id < ?");
  let gone = 0;
  for (let from = Number(oldest.get() ?? 0); from > 0 && from <= last; from += ROWS_AT_ONCE) {
    gone += drop.run(Math.min(from + ROWS_AT_ONCE, last + 1)).changes;
    pause();
  }
  return gone;
}
