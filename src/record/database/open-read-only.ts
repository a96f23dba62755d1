/** A read-only connection to the database, whether or not a supervisor is writing. Never writes a row. */
import Sqlite, { type Database } from "better-sqlite3";
import { isThere } from "../../files/is-there.ts";
import { DatabaseError, errorText, isOfTheDisk } from "./database-error.ts";
import { refuseNetwork } from "./file-system.ts";
import { APPLICATION_ID, listMigrations } from "./migrate.ts";

/** A command may wait; the supervisor's loop may not. */
const PATIENCE_MS = 5000;

/** Throws DatabaseError: no such file, not ours, corrupt, or of a newer or older schema. Refusal: it can't be looked at. */
export function openReadOnly(path: string): Database {
  if (!isThere(path)) {
    throw new DatabaseError(
      "unreadable",
      path,
      `There is no database ${path}: no supervisor has run with it yet.`,
    );
  }
  refuseNetwork(path);
  const known = listMigrations().length;
  let db: Database | null = null;
  try {
    db = new Sqlite(path, { readonly: true, timeout: PATIENCE_MS });
    if (db.pragma("application_id", { simple: true }) !== APPLICATION_ID) {
      throw new DatabaseError("foreign", path, `${path} is not an audit database of this program.`);
    }
    const version = Number(db.pragma("user_version", { simple: true }));
    if (version > known) {
      const text = `${path} was written by a newer version of this program (schema ${version}, this one knows ${known}).`;
      throw new DatabaseError("newer-schema", path, `${text} Update this program.`);
    }
    return db;
  } catch (error) {
    db?.close();
    throw unreadable(path, error);
  }
}

/** Names a file that SQLite can't read. Any other error is a bug and is returned unchanged. */
export function unreadable(path: string, error: unknown): unknown {
  if (!isOfTheDisk(error)) return error;
  return new DatabaseError("unreadable", path, `${path} can't be read: ${errorText(error)}.`);
}
