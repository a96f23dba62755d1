/**
 * Opens or creates the database the way the supervisor needs it: private, in WAL, without fsync on
 * the caller's thread. A corrupt file is set aside, never overwritten; another program's file, another
 * user's, a newer schema and a network file system are refused. The caller holds the lock (lock.ts).
 *
 * Nothing in this folder may open a live database through `fs`: closing such a descriptor drops
 * every lock that this process holds on the file.
 */
import { chmodSync, closeSync, existsSync, openSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite, { type Database } from "better-sqlite3";
import { wallMs } from "../../clock.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { isSystemError } from "../../refusal.ts";
import { draftEvent } from "../audit/event-row.ts";
import { Writes } from "../writes.ts";
import { DatabaseError, errorCode, errorText, isOfTheDisk } from "./database-error.ts";
import { refuseNetwork } from "./file-system.ts";
import { APPLICATION_ID, MIGRATIONS, migrate } from "./migrate.ts";
import { refuseForeign } from "./refuse-foreign.ts";
import { unusedName } from "./unused-name.ts";

/** How long a statement on the supervisor's loop may wait for another program's lock. */
export const BUSY_MS = 50;
/** A full quick_check reads every page; in a bigger file only the tables that a start needs are checked. */
const CHECK_WHOLE_BYTES = 32 * 1024 * 1024;

export interface OpenOptions {
  /** For names of files set aside and of copies. */
  nowMs?: number;
  migrations?: string;
}

export interface Opened {
  db: Database;
  /** Where a corrupt predecessor was moved; the first event of the new database should name it. */
  setAside: string | null;
  /** The copy made before the schema was brought up to date. */
  backup: string | null;
  /** It was made just now. */
  isNew: boolean;
}

/** Throws DatabaseError, whose message says how to fix it. */
export function openDatabase(path: string, options: OpenOptions = {}): Opened {
  const nowMs = options.nowMs ?? wallMs();
  refuseNetwork(path);
  const migrations = options.migrations ?? MIGRATIONS;
  createPrivate(path);
  const opened = openWhole(path, nowMs, migrations);
  if (opened !== null) return { ...opened, setAside: null };
  const setAside = moveAside(path, "corrupt", nowMs);
  createPrivate(path);
  const fresh = openWhole(path, nowMs, migrations);
  if (fresh !== null) return { ...fresh, setAside };
  throw new DatabaseError(
    "unreadable",
    path,
    `${path} can't be read right after it was made. Check the disk.`,
  );
}

/** 0600 in a 0700 folder; -wal and -shm get the file's mode from SQLite. */
export function createPrivate(path: string): void {
  try {
    makeFolder(dirname(path));
    refuseForeign(path);
    // Only a file that doesn't exist yet is opened, so no lock can be lost.
    if (existsSync(path)) chmodSync(path, 0o600);
    else closeSync(openSync(path, "wx", 0o600));
    refuseForeign(path);
  } catch (error) {
    if (!isOfTheDisk(error)) throw error;
    throw new DatabaseError(
      "unwritable",
      path,
      `The database ${path} can't be created or written: ${errorText(error)}. ` +
        `Make its folder writable, or set "database" to another file.`,
    );
  }
}

/** Null when the file is corrupt. */
function openWhole(path: string, nowMs: number, migrations: string): Omit<Opened, "setAside"> | null {
  let db: Database | null = null;
  try {
    db = new Sqlite(path, { timeout: BUSY_MS });
    const tables = Number(db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get());
    if (tables > 0 && db.pragma("application_id", { simple: true }) !== APPLICATION_ID) {
      throw new DatabaseError(
        "foreign",
        path,
        `${path} is a database of another program. Set "database" to a file of its own.`,
      );
    }
    configure(db);
    if (tables > 0 && !looksWhole(db)) {
      db.close();
      return null;
    }
    const backup = migrate(db, nowMs, migrations);
    if (tables > 0) tryWrite(db, nowMs);
    return { db, backup, isNew: tables === 0 };
  } catch (error) {
    db?.close();
    if (isCorrupt(error)) return null;
    throw named(path, error);
  }
}

const isCorrupt = (error: unknown): boolean => /^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error));

function configure(db: Database): void {
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = NORMAL");
  db.pragma("wal_autocheckpoint = 0"); // a checkpoint fsyncs; upkeep.ts does it in its own process
  db.pragma("recursive_triggers = ON");
  db.pragma("foreign_keys = OFF");
  db.pragma("cache_size = -1000"); // KiB
}

function looksWhole(db: Database): boolean {
  const bytes =
    Number(db.pragma("page_count", { simple: true })) * Number(db.pragma("page_size", { simple: true }));
  const checks = bytes <= CHECK_WHOLE_BYTES ? ["quick_check(1)"] : ["quick_check(jobs)", "quick_check(runs)"];
  return checks.every((check) => db.pragma(check, { simple: true }) === "ok");
}

/**
 * Adds an event and rolls it back: a log that can be read but not appended to would keep every job
 * from starting. Throws only on corruption; a lock or a full disk may pass.
 */
function tryWrite(db: Database, nowMs: number): void {
  try {
    db.exec("BEGIN IMMEDIATE");
    const trial = {
      kind: "supervisor.started",
      job: "",
      run: null,
      actor: "supervisor",
      reason: "",
    } as const;
    new Writes(db).event(draftEvent(trial, nowMs));
  } catch (error) {
    if (isCorrupt(error)) throw error;
  } finally {
    if (db.inTransaction) db.exec("ROLLBACK");
  }
}

/** Renames the file with its -wal and -shm, which SQLite finds by name. Returns its new name. */
export function moveAside(path: string, why: "corrupt" | "replaced", nowMs: number): string {
  const target = unusedName(`${path}.${why}`, nowMs, existsSync);
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
  }
  return target;
}

/** Names what the system refuses, with the fix. Any other error is a bug and is returned unchanged. */
function named(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return new DatabaseError("locked", path, `${path} is locked by another program. Close it and try again.`);
  }
  if (/^SQLITE_(CANTOPEN|READONLY|PERM|AUTH|FULL|IOERR)/.test(code) || isSystemError(error)) {
    return new DatabaseError(
      "unwritable",
      path,
      `The database ${path} can't be opened for writing (${errorText(error)}). ` +
        `Check the free space and the permissions, or set "database" to another file.`,
    );
  }
  return error;
}
