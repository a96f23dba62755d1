/**
 * A file that one process at a time can hold, through a lock that the kernel drops with the process: an
 * empty SQLite database in an exclusive transaction. Whoever takes it holds the file of that name, not one
 * that was removed a moment before.
 */
import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite, { type Database } from "better-sqlite3";
import { identityOf } from "../../files/file-identity.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { errorCode } from "./database-error.ts";

/** Keeps connections reachable: the garbage collector closes others, and drops their locks. */
const held = new Set<Database>();

/** The file is removed and made again by others who come and go: each try meets another one. */
const TRIES = 5;

export class HeldFile {
  readonly path: string;
  readonly #db: Database;
  readonly #identity: string | null;

  private constructor(path: string, db: Database, identity: string | null) {
    this.path = path;
    this.#db = db;
    this.#identity = identity;
    held.add(db);
  }

  /** Throws what SQLite or the system throws; `isTaken` tells when another process holds it. */
  static take(path: string): HeldFile {
    for (let tries = 1; ; tries++) {
      makeFolder(dirname(path));
      if (!existsSync(path)) createEmpty(path);
      const identity = identityOf(path);
      const db = lock(path);
      if (identityOf(path) === identity) return new HeldFile(path, db, identity);
      db.close();
      if (tries === TRIES)
        throw Object.assign(new Error("it is removed again and again"), { code: "EAGAIN" });
    }
  }

  /** Whether the file of this name is still the one that is held. */
  get isThere(): boolean {
    return identityOf(this.path) === this.#identity;
  }

  /** `remove`: the file goes too, if it is still the one that is held. Its next holder makes a new one. */
  release({ remove = false } = {}): void {
    if (!this.#db.open) return;
    if (remove && this.isThere) rmSync(this.path, { force: true });
    this.#db.close();
    held.delete(this.#db);
  }
}

/** Whether taking a file has failed because another process holds it. */
export const isTaken = (error: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(errorCode(error));

function lock(path: string): Database {
  const db = new Sqlite(path, { timeout: 0 });
  try {
    db.pragma("journal_mode = MEMORY"); // nothing is ever written, so no journal file either
    db.exec("BEGIN EXCLUSIVE");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function createEmpty(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error; // another process created it first: it has the lock, or we will
  }
}
