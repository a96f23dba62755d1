/**
 * Makes commits outlive a power cut without holding up the loop: one second after a commit, the WAL
 * is synced on a thread of libuv's pool. The WAL file carries none of SQLite's locks (they are on
 * the database and its -shm), so it alone may be opened through `fs`.
 */
import { closeSync, fdatasync, fdatasyncSync, fstatSync, openSync } from "node:fs";

const DELAY_MS = 1000;

export interface WalSync {
  /** Something was committed that must not be lost. Costs nothing while a sync is due anyway. */
  wrote(): void;
  /** Why the last sync failed; null when it didn't. */
  readonly trouble: string | null;
  /** Size of the WAL file in bytes, 0 where it can't be told. */
  bytes(): number;
  /** Syncs what is due, on the caller's thread. */
  close(): void;
}

/** The database must be open in WAL mode, and stay open until after `close`. */
export function syncWal(database: string): WalSync {
  let fd: number | null = null;
  let timer: NodeJS.Timeout | null = null;
  let running = false;
  let due = false;
  let closed = false;
  let trouble: string | null = null;

  /** Opened at the first need: SQLite makes the file with its first read or write. */
  const file = (): number => {
    fd ??= openSync(`${database}-wal`, "r+");
    return fd;
  };
  const ended = (error: Error | null): void => {
    running = false;
    trouble = error === null ? null : `The last events may not outlive a power cut: ${error.message}`;
    if (closed && fd !== null) closeSync(fd);
    else if (due) plan();
  };
  const sync = (): void => {
    timer = null;
    due = false;
    running = true;
    try {
      fdatasync(file(), ended);
    } catch (error) {
      ended(error as Error);
    }
  };
  // One at a time: a disk that hangs must not eat the whole thread pool.
  const plan = (): void => {
    due = true;
    if (timer !== null || running || closed) return;
    timer = setTimeout(sync, DELAY_MS);
    timer.unref();
  };

  return {
    wrote: plan,
    get trouble() {
      return trouble;
    },
    bytes() {
      try {
        return fstatSync(file()).size;
      } catch {
        return 0;
      }
    },
    close() {
      if (closed) return;
      closed = true;
      if (timer !== null) clearTimeout(timer);
      try {
        if (due) fdatasyncSync(file());
        if (fd !== null && !running) closeSync(fd);
      } catch {
        // Closing the database checkpoints, which syncs again and reports for itself.
      }
    },
  };
}
