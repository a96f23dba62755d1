/**
 * One supervisor per database, and one per state directory. The database's lock lies beside it. That of
 * the state directory lies in folders of the user's own: whatever cleans a project takes along what lies in it.
 */
import { createHash } from "node:crypto";
import { existsSync, lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Looked } from "../../files/file-identity.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { DatabaseError, errorText, isOfTheDisk } from "./database-error.ts";
import { networkFileSystemAt, refuseNetwork } from "./file-system.ts";
import { HeldFile, isTaken } from "./held-file.ts";
import { type Holder, holderOf, type Note, NotedLock, readNote } from "./noted-lock.ts";
import { refuseForeign } from "./refuse-foreign.ts";

/** What a supervisor alone may have. */
type Kept = "database" | "stateDirectory";

export interface Lock {
  holder: Holder;
  /** Takes its files again where they were removed or replaced. */
  look(): Looked[];
  release(): void;
}

/** Another supervisor has it. `holder` is null when its note can't be read. */
export class HeldError extends DatabaseError {
  override name = "HeldError";
  readonly holder: Holder | null;

  constructor(kept: Kept, path: string, holder: Holder | null) {
    super("held", path, heldText(kept, path, holder));
    this.holder = holder;
  }
}

/**
 * Holds the database until `release` or until the process ends, however it ends. Throws HeldError at once
 * when another supervisor holds it, DatabaseError when the lock can't be created or trusted.
 */
export function holdLock(database: string, note: Note): Lock {
  refuseNetwork(database); // its locks can't be trusted either
  const path = lockPath(database);
  const lock = new NotedLock(holderOf(note), () => takeDatabase(path, database));
  return {
    holder: lock.holder,
    look: () => [lock.look()],
    // The empty lock file stays: an older version of this program doesn't look whether it was replaced.
    release: () => lock.release(),
  };
}

/**
 * Holds the state directory likewise, by a file in each of `folders` that is ours alone and on a local disk:
 * any one of them keeps a second supervisor away. Throws HeldError when another supervisor has it.
 */
export function holdStateDirectory(directory: string, folders: string[], note: Note): Lock {
  const name = lockName(directory);
  const holder = holderOf(note);
  const locks = new Map<string, NotedLock>();
  const look = (folder: string): Looked => {
    const lock = locks.get(folder);
    if (lock !== undefined) return lock.look();
    try {
      const problem = whyNot(folder);
      if (problem !== null) return { problem };
      locks.set(folder, new NotedLock(holder, () => takeIn(folder, name, directory)));
      return "as it was";
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      return { problem: errorText(error) };
    }
  };
  const release = (): void => {
    for (const lock of locks.values()) lock.release({ remove: true });
  };
  try {
    folders.forEach(look);
  } catch (error) {
    release();
    throw error;
  }
  return { holder, look: () => oneIsEnough(folders.map(look)), release };
}

const lockName = (directory: string): string =>
  `${createHash("sha256").update(realpathSync(directory)).digest("hex").slice(0, 24)}.lock`;

/** The notes of those who last took a lock of this database or state directory; they may have ended since. */
export const readHolders = (database: string, directory: string, folders: string[]): Holder[] =>
  [lockPath(database), ...folders.map((folder) => join(folder, lockName(directory)))].flatMap(
    (path) => readNote(path) ?? [],
  );

/** The note of the last supervisor that took the database's lock, which may have ended since. */
export const readHolder = (database: string): Holder | null => readNote(lockPath(database));

/** A folder that can't be used is a problem only where none can. */
function oneIsEnough(looked: Looked[]): Looked[] {
  const fine = looked.filter((one) => one === "as it was" || "again" in one);
  return fine.length > 0 ? fine : looked;
}

/** Two names of one database (a symbolic link, `..`) must lead to the same lock. */
function lockPath(database: string): string {
  if (existsSync(database)) return `${realpathSync(database)}.lock`;
  const folder = dirname(database);
  return `${join(existsSync(folder) ? realpathSync(folder) : folder, basename(database))}.lock`;
}

function takeDatabase(path: string, database: string): HeldFile {
  try {
    makeFolder(dirname(path));
    refuseForeign(database);
    const file = HeldFile.take(path);
    refuseForeign(database);
    return file;
  } catch (error) {
    if (!isOfTheDisk(error)) throw error;
    if (isTaken(error)) throw new HeldError("database", database, readNote(path));
    throw new DatabaseError(
      "unwritable",
      path,
      `The lock ${path} can't be taken: ${errorText(error)}. ` +
        `Make its folder writable, or set "database" to another file.`,
    );
  }
}

function takeIn(folder: string, name: string, directory: string): HeldFile {
  try {
    return HeldFile.take(join(folder, name));
  } catch (error) {
    if (isTaken(error)) throw new HeldError("stateDirectory", directory, readNote(join(folder, name)));
    throw error;
  }
}

/** Makes the folder where it is missing. Why no lock of ours can be trusted there; null when it can. */
function whyNot(folder: string): string | null {
  makeFolder(folder);
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid) || (found.mode & 0o022) !== 0)
    return `${folder} isn't a folder of yours alone`;
  const network = networkFileSystemAt(folder);
  return network === null ? null : `${folder} lies on a network file system (${network})`;
}

function heldText(kept: Kept, path: string, holder: Holder | null): string {
  const instead = `set "${kept}" to another ${kept === "database" ? "file" : "folder"}`;
  if (holder === null) return `${path} is held by another supervisor. Stop it, or ${instead}.`;
  const config = holder.config === null ? "" : ` with ${holder.config}`;
  return (
    `${path} is held by the supervisor with pid ${holder.pid} of ${holder.user} on ${holder.host}${config}, ` +
    `since ${holder.since}. Attach to it, stop it, or ${instead}.`
  );
}
