/**
 * Thins samples with age: all, then one a minute, then none. Works in short transactions with pauses in
 * between, so that the supervisor's own commits never wait long. Never touches events.
 */
import type { Database } from "better-sqlite3";

export interface Retention {
  samplesFullHours: number;
  samplesThinnedDays: number;
  /** Older events are exported (export-events.ts); none are when left out. */
  eventsDays?: number | undefined;
}

const MINUTE_MS = 60_000;
const CHUNK_MS = 10 * MINUTE_MS;
const CHUNK_ROWS = 500;

/** Returns how many rows were deleted. `pause` is called between two transactions. */
export function thinSamples(
  db: Database,
  retention: Retention,
  nowMs: number,
  pause: () => void = () => {},
): number {
  const dropBefore = nowMs - retention.samplesThinnedDays * 24 * 60 * MINUTE_MS;
  const fullFrom = Math.floor((nowMs - retention.samplesFullHours * 60 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  return dropOld(db, dropBefore, pause) + keepOneAMinute(db, fullFrom, pause);
}

function dropOld(db: Database, beforeMs: number, pause: () => void): number {
  const some = db.prepare(
    "DELETE FROM samples WHERE at_ms IN (SELECT at_ms FROM samples WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
  );
  let gone = 0;
  for (;;) {
    const { changes } = some.run(beforeMs, CHUNK_ROWS);
    gone += changes;
    if (changes < CHUNK_ROWS) return gone;
    pause();
  }
}

function keepOneAMinute(db: Database, beforeMs: number, pause: () => void): number {
  const next = db.prepare("SELECT min(at_ms) FROM samples WHERE at_ms >= ? AND at_ms < ?").pluck();
  const thin = db.prepare(
    `DELETE FROM samples WHERE at_ms >= @from AND at_ms < @to AND at_ms NOT IN
      (SELECT min(at_ms) FROM samples WHERE at_ms >= @from AND at_ms < @to GROUP BY at_ms / ${MINUTE_MS})`,
  );
  const note = db.prepare("UPDATE upkeep SET thinned_ms = ?");
  const done = Number(db.prepare("SELECT thinned_ms FROM upkeep").pluck().get());
  let gone = 0;
  // `done` is later when the clock was set back, or when the retention was extended.
  let from = Math.min(done, beforeMs);
  while (from < beforeMs) {
    const first = next.get(from, beforeMs) as number | null;
    const start = first === null ? beforeMs : Math.max(from, Math.floor(first / MINUTE_MS) * MINUTE_MS);
    const to = Math.min(start + CHUNK_MS, beforeMs);
    gone += db
      .transaction(() => {
        note.run(to);
        return thin.run({ from: start, to }).changes;
      })
      .immediate();
    from = to;
    if (from < beforeMs) pause();
  }
  if (done > beforeMs) note.run(beforeMs);
  return gone;
}
