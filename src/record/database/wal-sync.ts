/**
 * Makes commits survive a power cut without blocking the loop: one second after a commit, the WAL is
 * synced on a thread of libuv's pool. The WAL file carries none of SQLite's locks (those are on the
 * database and its -shm), so it alone may be opened through `fs`.
 */
import { closeSync, fdatasync, fdatasyncSync, fstatSync, openSync } from "node:fs";

const DELAY_MS = 1000;

/** The database must be open in WAL mode, and stay open until after `close`. */
export class WalSync {
  readonly #path: string;
  #fd: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #due = false;
  #closed = false;
  #problem: string | null = null;

  constructor(database: string) {
    this.#path = `${database}-wal`;
  }

  /** Why the last sync failed; null when it succeeded. */
  get problem(): string | null {
    return this.#problem;
  }

  /**
   * Call after a commit that must not be lost. Costs nothing while a sync is already due. One sync at a
   * time: a disk that hangs must not occupy the whole thread pool.
   */
  wrote(): void {
    this.#due = true;
    if (this.#timer !== null || this.#running || this.#closed) return;
    this.#timer = setTimeout(() => this.#sync(), DELAY_MS);
    this.#timer.unref();
  }

  /** Size of the WAL file in bytes; 0 when unknown. */
  bytes(): number {
    try {
      return fstatSync(this.#file()).size;
    } catch {
      return 0;
    }
  }

  /** Syncs what is due, on the caller's thread. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    try {
      if (this.#due) fdatasyncSync(this.#file());
      if (this.#fd !== null && !this.#running) closeSync(this.#fd);
    } catch {
      // Closing the database checkpoints, which syncs again and reports its own failure.
    }
  }

  /** Opened when first needed: SQLite creates the file with its first read or write. */
  #file(): number {
    this.#fd ??= openSync(this.#path, "r+");
    return this.#fd;
  }

  #sync(): void {
    this.#timer = null;
    this.#due = false;
    this.#running = true;
    try {
      fdatasync(this.#file(), (error) => this.#ended(error));
    } catch (error) {
      this.#ended(error as Error);
    }
  }

  #ended(error: Error | null): void {
    this.#running = false;
    this.#problem = error === null ? null : `The last events may not survive a power cut: ${error.message}`;
    if (this.#closed && this.#fd !== null) closeSync(this.#fd);
    else if (this.#due) this.wrote();
  }
}
