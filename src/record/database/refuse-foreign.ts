/**
 * Refuses a database that somebody else has laid out, or could exchange: its table of jobs holds
 * commands, which would run as us. Looks at names as they are, links included; must be asked again
 * after something was made, since only then is it certain what is used.
 */
import { lstatSync, realpathSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { DatabaseError } from "./database-error.ts";

/** All that SQLite and we open by name beside the database. */
const SUFFIXES = ["", "-wal", "-shm", ".lock", ".lock.json"];

/** Throws DatabaseError. What isn't there yet is nobody's. */
export function refuseForeign(path: string): void {
  for (const place of new Set([path, targetOf(path)])) {
    refuseFolder(dirname(place), path);
    for (const suffix of SUFFIXES) refuseFile(place + suffix, path);
  }
}

/** What a link leads to; the path itself where it is none, or leads nowhere. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** A link of our own is a choice of ours; one of somebody else is a trap, wherever it leads. */
function refuseFile(path: string, database: string): void {
  const found = look(path);
  if (found === null || isTrusted(found)) return;
  const what = found.isSymbolicLink() ? "is a symbolic link that belongs" : "belongs";
  throw refusal(database, `${path} ${what} to user ${found.uid}, not to you (${ownId()})`);
}

/** Root may use a folder of somebody else, as in a container; whom it belongs to is trusted then. */
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
