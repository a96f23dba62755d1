/**
 * One supervisor per database, through a lock that the kernel drops with the process: a SQLite file of
 * its own beside the database, held in an exclusive transaction. The note beside it only tells users
 * who holds the lock; it never decides.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import Sqlite, { type Database } from "better-sqlite3";
import { wallMs } from "../../clock.ts";
import { DatabaseError, errorCode, errorText, isOfTheDisk } from "./database-error.ts";
import { refuseNetwork } from "./file-system.ts";
import { refuseForeign } from "./refuse-foreign.ts";

export interface Holder {
  pid: number;
  host: string;
  user: string;
  /** ISO 8601. */
  since: string;
  config: string | null;
  socket: string | null;
}

export interface Lock {
  holder: Holder;
  release(): void;
}

/** Keeps connections reachable: the garbage collector closes others, and drops their locks. */
const held = new Set<Database>();

/** Another supervisor has the database. `holder` is null when its note can't be read. */
export class DatabaseHeldError extends DatabaseError {
  override name = "DatabaseHeldError";
  readonly holder: Holder | null;

  constructor(path: string, holder: Holder | null) {
    super("held", path, heldText(path, holder));
    this.holder = holder;
  }
}

/**
 * Holds the database until `release` or until the process ends, however it ends. Throws
 * DatabaseHeldError at once when another supervisor holds it, DatabaseError when the lock can't be
 * created or trusted.
 */
export function holdLock(database: string, note: { config: string | null; socket: string | null }): Lock {
  refuseNetwork(database); // its locks can't be trusted either
  const path = lockPath(database);
  const db = exclusive(path, database);
  held.add(db);
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    user: ownName(),
    since: new Date(wallMs()).toISOString(),
    ...note,
  };
  writeNote(notePath(path), holder);
  return {
    holder,
    release() {
      if (!db.open) return;
      removeNote(notePath(path));
      // The empty lock file stays: after its removal two supervisors could hold two files of one name.
      db.close();
      held.delete(db);
    },
  };
}

/** The note of the last supervisor that took the lock, which may have ended since. */
export function readHolder(database: string): Holder | null {
  try {
    return JSON.parse(readFileSync(notePath(lockPath(database)), "utf8")) as Holder;
  } catch {
    return null;
  }
}

/** A user may have no name: in a container, or in a directory service that doesn't answer. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}

/** Two names of one database (a symbolic link, `..`) must lead to the same lock. */
function lockPath(database: string): string {
  if (existsSync(database)) return `${realpathSync(database)}.lock`;
  const folder = dirname(database);
  return `${join(existsSync(folder) ? realpathSync(folder) : folder, basename(database))}.lock`;
}

const notePath = (lock: string): string => `${lock}.json`;

function exclusive(path: string, database: string): Database {
  let db: Database | null = null;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    refuseForeign(database);
    if (!existsSync(path)) createEmpty(path);
    refuseForeign(database);
    db = new Sqlite(path, { timeout: 0 });
    db.pragma("journal_mode = MEMORY"); // nothing is ever written, so no journal file either
    db.exec("BEGIN EXCLUSIVE");
    return db;
  } catch (error) {
    db?.close();
    if (!isOfTheDisk(error)) throw error;
    if (/^SQLITE_(BUSY|LOCKED)/.test(errorCode(error)))
      throw new DatabaseHeldError(database, readHolder(database));
    throw new DatabaseError(
      "unwritable",
      path,
      `The lock ${path} can't be taken: ${errorText(error)}. ` +
        `Make its folder writable, or set "database" to another file.`,
    );
  }
}

function createEmpty(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error; // another process created it first: it has the lock, or we will
  }
}

function writeNote(path: string, holder: Holder): void {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    // A full disk must not keep a supervisor from its jobs; the lock itself is held.
    removeNote(temporary);
  }
}

/** A stale note does no harm; a failure here, as on a read-only disk, must not mask the real error. */
function removeNote(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next supervisor to take the lock writes a new one.
  }
}

function heldText(path: string, holder: Holder | null): string {
  if (holder === null)
    return `${path} is held by another supervisor. Stop it, or set "database" to another file.`;
  const config = holder.config === null ? "" : ` with ${holder.config}`;
  return (
    `${path} is held by the supervisor with pid ${holder.pid} of ${holder.user} on ${holder.host}${config}, ` +
    `since ${holder.since}. Attach to it, stop it, or set "database" to another file.`
  );
}
