/**
 * Refuses a database that another user created or could replace: its table of jobs holds commands,
 * which would run as us. Checks names as they are, links included. Must be called again after a file
 * was created: only then is it certain which one is used.
 */
import { lstatSync, realpathSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { DatabaseError } from "./database-error.ts";

/** Every file that SQLite or we open by name beside the database. */
const SUFFIXES = ["", "-wal", "-shm", ".lock", ".lock.json"];

/** Throws DatabaseError. What doesn't exist yet belongs to no one. */
export function refuseForeign(path: string): void {
  for (const place of new Set([path, targetOf(path)])) {
    refuseFolder(dirname(place), path);
    for (const suffix of SUFFIXES) refuseFile(place + suffix, path);
  }
}

/** The target of a link; the path itself when it is no link or its target is missing. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Our own link is our choice; another user's is a trap, wherever it leads. */
function refuseFile(path: string, database: string): void {
  const found = look(path);
  if (found === null || isTrusted(found)) return;
  const what = found.isSymbolicLink() ? "is a symbolic link that belongs" : "belongs";
  throw refusal(database, `${path} ${what} to user ${found.uid}, not to you (${ownId()})`);
}

/** Root may use another user's folder, as in a container; its owner is trusted then. */
function refuseFolder(folder: string, database: string): void {
  const found = look(targetOf(folder));
  if (found === null) return;
  if (ownId() !== 0 && !isTrusted(found))
    throw refusal(database, `its folder ${folder} belongs to user ${found.uid}, not to you (${ownId()})`);
  if ((found.mode & 0o002) !== 0) throw refusal(database, `every user may write into its folder ${folder}`);
}

const refusal = (database: string, why: string): DatabaseError =>
  new DatabaseError(
    "foreign",
    database,
    `The database ${database} isn't safely yours: ${why}. Set "database" to a file in a folder of your own.`,
  );

const look = (path: string): Stats | null => lstatSync(path, { throwIfNoEntry: false }) ?? null;
const isTrusted = ({ uid }: Stats): boolean => uid === ownId() || uid === 0;
const ownId = (): number => process.getuid?.() ?? 0;
