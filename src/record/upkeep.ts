/**
 * Housekeeping beside a running supervisor, in a process of its own: thins samples and brings the
 * WAL back into the database. Both fsync, which beside a job that writes checkpoints takes hundreds
 * of milliseconds; neither may ever run on the supervisor's loop.
 */
import Sqlite from "better-sqlite3";
import { type Retention, thinSamples } from "./thin.ts";

/** Between two transactions of ours, for the supervisor's. */
const PAUSE_MS = 5;

export interface UpkeepDone {
  thinned: number;
  /** The WAL is empty; false while a reader or the supervisor still used parts of it. */
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
    const thinned = thinSamples(db, retention, nowMs, () => Atomics.wait(nap, 0, 0, PAUSE_MS));
    return { thinned, emptied: emptyWal(db, nowMs) };
  } finally {
    db.close();
  }
}

/**
 * PASSIVE copies and syncs without holding anybody up. TRUNCATE then has nothing left to sync, so
 * the write lock that it takes is held for a moment only. The first commit to an emptied WAL
 * syncs its header: we make that commit, so that the supervisor needn't.
 */
function emptyWal(db: Sqlite.Database, nowMs: number): boolean {
  const copied = checkpoint(db, "PASSIVE");
  if (copied.busy !== 0 || copied.log !== copied.checkpointed) return false;
  db.pragma("busy_timeout = 0");
  const emptied = checkpoint(db, "TRUNCATE").busy === 0;
  if (emptied) db.prepare("UPDATE upkeep SET ran_ms = ?").run(Math.round(nowMs));
  return emptied;
}

function checkpoint(db: Sqlite.Database, mode: "PASSIVE" | "TRUNCATE") {
  const rows = db.pragma(`wal_checkpoint(${mode})`) as { busy: number; log: number; checkpointed: number }[];
  return rows[0] ?? { busy: 1, log: 0, checkpointed: 0 };
}
