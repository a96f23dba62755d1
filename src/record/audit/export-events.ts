/**
 * Moves events past their retention from the database to a file beside it. The file is durable before
 * the anchor names it, and the anchor is committed before any row is deleted: after a kill at any point
 * every event is in one of them, and the next housekeeping continues from there. Never changes an event,
 * and never holds the write lock for long.
 */
import { rmSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { isSystemError, Refusal } from "../../refusal.ts";
import type { Retention } from "../upkeep/thin-samples.ts";
import { type Exported, exportPath, exportPrefix, listExports } from "./anchor.ts";
import type { EventRow } from "./event-row.ts";
import { exportsAt, writeExport } from "./export-file.ts";

const DAY_MS = 24 * 60 * 60_000;
/** Fraction of the retention by which the oldest event must be overdue: ten files per retention, not one an hour. */
const SLACK = 0.1;
/** Of text, since a file is built and checked in memory. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Rows deleted in one transaction, each from five indexes too. */
const ROWS_AT_ONCE = 50;

/**
 * Writes at most one file. Returns how many events left the database; 0 when nothing is left to do.
 * `pause` is called between two transactions.
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

/** The oldest events, as many as go into one file; none when no export is due. */
function nextRows(db: Database, { eventsDays }: Retention, nowMs: number): EventRow[] {
  const newest = db.prepare("SELECT id, at_ms FROM events ORDER BY id DESC LIMIT 1").get();
  if (eventsDays === undefined || newest === undefined) return [];
  const { id: newestId, at_ms: newestMs } = newest as EventRow;
  // The clock was set back: no age can be trusted.
  if (newestMs > nowMs + DAY_MS) return [];
  const first = (listExports(db).at(-1)?.last ?? 0) + 1;
  const until = leftBehind(db, first);
  const keptMs = eventsDays * DAY_MS;
  // An event from the future was written while the clock was wrong; it must not hold back the rest for ever.
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
 * The last event of an export that was written but not anchored, because its process was killed. It is
 * written again, so that no second file holds the same events. Removes unfinished files.
 */
function leftBehind(db: Database, first: number): number | null {
  const prefix = exportPrefix(db.name, first);
  const { whole, begun } = exportsAt(prefix);
  for (const path of begun) rmSync(path, { force: true });
  const hashOf = db.prepare("SELECT hash FROM events WHERE id = ?").pluck();
  const lasts = whole.map((path) => Number.parseInt(path.slice(prefix.length), 10));
  // An export of an earlier database has another hash in its name.
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

/** Oldest first, so that the rest stays contiguous. */
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
