/**
 * Gives a database whose file was removed or replaced under its name again, whole: what is open can still be
 * read. A file that somebody else put there is set aside, never overwritten.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { createPrivate, moveAside } from "./open.ts";

export interface Nameless {
  db: Database;
  /** The path that it had. */
  file: string;
  /** Whether what has that name now, if anything, is its own file. */
  isItsOwn: boolean;
  close(): void;
}

/**
 * Copies in steps, so that the loop goes on meanwhile; what the same connection writes is copied too. Closes
 * the connection before the copy gets the name. Returns where a file of that name was moved, or null.
 * Rejects with what SQLite or the system throws; the connection stays open where nothing was copied.
 */
export async function writeAgain(nameless: Nameless, nowMs: number): Promise<string | null> {
  const { db, file } = nameless;
  const fresh = `${file}.again`;
  rmSync(fresh, { force: true });
  createPrivate(fresh);
  try {
    await db.backup(fresh);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
  // From here on nothing waits: no event can come between the copy and its name.
  const setAside = nameless.isItsOwn || !existsSync(file) ? null : moveAside(file, "replaced", nowMs);
  nameless.close();
  for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
  renameSync(fresh, file);
  return setAside;
}
