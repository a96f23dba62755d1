/**
 * A held file with a note beside it that tells users who holds it. The note never decides anything: the
 * lock alone does.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { wallMs } from "../../clock.ts";
import type { Looked } from "../../files/file-identity.ts";
import { ownName } from "../../files/home.ts";
import { Refusal } from "../../refusal.ts";
import { errorText, isOfTheDisk } from "./database-error.ts";
import type { HeldFile } from "./held-file.ts";

export interface Holder {
  pid: number;
  host: string;
  user: string;
  /** ISO 8601. */
  since: string;
  config: string | null;
  socket: string | null;
}

export type Note = Pick<Holder, "config" | "socket">;

export const holderOf = (note: Note): Holder => ({
  pid: process.pid,
  host: hostname(),
  user: ownName(),
  since: new Date(wallMs()).toISOString(),
  ...note,
});

/** Who took this lock last, which may have ended since; null when there is no readable note. */
export function readNote(lock: string): Holder | null {
  try {
    return JSON.parse(readFileSync(notePath(lock), "utf8")) as Holder;
  } catch {
    return null;
  }
}

export class NotedLock {
  readonly holder: Holder;
  readonly #take: () => HeldFile;
  #file: HeldFile;
  #released = false;

  /** `take` is called again whenever the file has been removed or replaced; throws what it throws. */
  constructor(holder: Holder, take: () => HeldFile) {
    this.holder = holder;
    this.#take = take;
    this.#file = take();
    writeNote(this.#file.path, holder);
  }

  /** Takes the file of that name again where it isn't the one that is held. */
  look(): Looked {
    if (this.#file.isThere) return "as it was";
    try {
      const file = this.#take();
      this.#file.release();
      this.#file = file;
    } catch (error) {
      if (!isOfTheDisk(error) && !(error instanceof Refusal)) throw error;
      return { problem: errorText(error) };
    }
    writeNote(this.#file.path, this.holder);
    return { again: `the lock ${this.#file.path}` };
  }

  /** `remove`: the file goes with it, where whoever takes it next makes sure to have the file of that name. */
  release(how: { remove?: boolean } = {}): void {
    if (this.#released) return;
    this.#released = true;
    // Another supervisor may have put its own there.
    if (this.#file.isThere) removeNote(this.#file.path);
    this.#file.release(how);
  }
}

const notePath = (lock: string): string => `${lock}.json`;

function writeNote(lock: string, holder: Holder): void {
  const temporary = `${notePath(lock)}.${process.pid}`;
  try {
    writeFileSync(temporary, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
    renameSync(temporary, notePath(lock));
  } catch {
    // A full disk must not keep a supervisor from its jobs; the lock itself is held.
    remove(temporary);
  }
}

const removeNote = (lock: string): void => remove(notePath(lock));

/** A stale note does no harm; a failure here, as on a read-only disk, must not mask the real error. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next supervisor to take the lock writes a new one.
  }
}
