/**
 * Housekeeping beside a running supervisor, in a process of its own: thins samples, exports old events
 * and checkpoints the WAL. All of these fsync, which takes hundreds of milliseconds beside a job that
 * writes checkpoints; none may ever run on the supervisor's loop.
 */
import Sqlite from "better-sqlite3";
import { exportEvents } from "../audit/export-events.ts";
import { errorCode } from "../database/database-error.ts";
import { type Retention, thinSamples } from "./thin-samples.ts";

/** Between two of our transactions, to let the supervisor's in. */
const PAUSE_MS = 5;

export interface UpkeepDone {
  thinned: number;
  /** Events that have left the database for a file. */
  exported: number;
  /** False when a reader or the supervisor still used part of the WAL. */
  emptied: boolean;
}

/** The database must exist and be up to date. Throws what SQLite throws. */
export function upkeep(path: string, retention: Retention, nowMs: number): UpkeepDone {
  const db = new Sqlite(path, { timeout: 1000, fileMustExist: true });
  try {
    db.pragma("wal_autocheckpoint = 0");
    db.pragma("synchronous = NORMAL");
    db.pragma("cache_size = -1000");
    const nap = new Int32Array(new SharedArrayBuffer(4));
    const pause = (): void => void Atomics.wait(nap, 0, 0, PAUSE_MS);
    const thinned = thinSamples(db, retention, nowMs, pause);
    let exported = 0;
    let emptied = false;
    try {
      exported = exportAll(db, retention, nowMs, pause);
    } finally {
      emptied = emptyWal(db, nowMs);
    }
    return { thinned, exported, emptied };
  } finally {
    db.close();
  }
}

/** File by file, with a checkpoint in between, or the WAL would grow by all that is deleted. */
function exportAll(db: Sqlite.Database, retention: Retention, nowMs: number, pause: () => void): number {
  let exported = 0;
  for (;;) {
    const some = exportEvents(db, retention, nowMs, pause);
    if (some === 0) return exported;
    exported += some;
    checkpoint(db, "PASSIVE");
  }
}

/**
 * PASSIVE copies and syncs without blocking other connections. TRUNCATE then has nothing left to sync,
 * so it holds the write lock only briefly. The first commit to an emptied WAL syncs its header: we make
 * that commit, so that the supervisor needn't.
 */
function emptyWal(db: Sqlite.Database, nowMs: number): boolean {
  const copied = checkpoint(db, "PASSIVE");
  if (copied.busy !== 0 || copied.log !== copied.checkpointed) return false;
  db.pragma("busy_timeout = 0");
  const emptied = checkpoint(db, "TRUNCATE").busy === 0;
  if (emptied) note(db, nowMs);
  return emptied;
}

function note(db: Sqlite.Database, nowMs: number): void {
  try {
    db.prepare("UPDATE upkeep SET ran_ms = ?").run(Math.round(nowMs));
  } catch (error) {
    if (!errorCode(error).startsWith("SQLITE_BUSY")) throw error; // the supervisor's commit came before ours
  }
}

function checkpoint(db: Sqlite.Database, mode: "PASSIVE" | "TRUNCATE") {
  const rows = db.pragma(`wal_checkpoint(${mode})`) as { busy: number; log: number; checkpointed: number }[];
  return rows[0] ?? { busy: 1, log: 0, checkpointed: 0 };
}
