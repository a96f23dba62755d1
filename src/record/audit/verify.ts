/**
 * `audit verify`: whether the log is whole, from the first event over the exported files to the newest
 * in the database, and whether they join up. Reads only, and trusts none of them: files, anchor and rows
 * are checked against each other.
 */
import { realpathSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { errorText } from "../database/database-error.ts";
import { openReadOnly } from "../database/open-read-only.ts";
import { type Exported, exportPath, listExports } from "./anchor.ts";
import { type Break, GENESIS, missing, Walk } from "./chain.ts";
import type { EventRow } from "./event-row.ts";
import { readExport } from "./export-file.ts";

/** The events that exist and the newest of them, whole or not. */
interface Extent {
  count: number;
  newest: { id: number; hash: string } | null;
  /** Left out when nothing was ever exported. */
  exported?: { files: number; events: number; absent: Absent[] };
}

/** A file that is missing: its events can't be checked, only that the rest follows its last hash. */
export interface Absent {
  path: string;
  first: number;
  last: number;
}

interface Problem {
  /** `unproven`: the expected hash may be in a file that isn't here. */
  problem: Break["problem"] | "cut" | "unproven" | "unreadable";
  /** The first event at which it shows; null when nothing can be read. */
  id: number | null;
  text: string;
}

export type Verified = ({ ok: true } & Extent) | ({ ok: false } & Problem & Extent);

/**
 * Streams through all events, oldest first. `expect` is the hash of an event that must be there,
 * noted earlier elsewhere. Throws DatabaseError when there is no database to read.
 */
export function verifyChain(path: string, options: { expect?: string } = {}): Verified {
  const db = openReadOnly(path);
  try {
    return new Check(db, realpathSync(path), options.expect ?? GENESIS).verify();
  } finally {
    db.close();
  }
}

class Check {
  readonly #db: Database;
  readonly #database: string;
  readonly #expect: string;
  #found: boolean;
  readonly #walk = new Walk();
  #exports: Exported[] = [];
  readonly #files = { files: 0, events: 0, absent: [] as Absent[] };
  /** The oldest event in the database, and the hash of the one before. */
  #oldest = 1;
  #beforeOldest: string | null = GENESIS;
  #read = { count: 0, newest: null as Extent["newest"] };

  constructor(db: Database, database: string, expect: string) {
    this.#db = db;
    this.#database = database;
    this.#expect = expect;
    this.#found = expect === GENESIS;
  }

  verify(): Verified {
    try {
      this.#db.exec("BEGIN"); // one view of the database, whatever is exported meanwhile
      this.#exports = listExports(this.#db);
      this.#oldest = Math.max(1, Number(this.#db.prepare("SELECT min(id) FROM events").pluck().get()));
      if (this.#oldest > 1) this.#beforeOldest = null;
      const problem = this.#checkExports() ?? this.#checkDatabase() ?? this.#checkExpected();
      if (problem === null) return { ok: true, ...this.#read, ...this.#exported() };
      return { ok: false, ...problem, ...this.#extent(), ...this.#exported() };
    } catch (error) {
      const id = this.#read.newest === null ? null : this.#read.newest.id + 1;
      const problem: Problem = { problem: "unreadable", id, text: errorText(error) };
      return { ok: false, ...problem, ...this.#read, ...this.#exported() };
    }
  }

  #checkExports(): Problem | null {
    for (const exported of this.#exports) {
      if (exported.first !== this.#walk.next) return anchorChanged(exported);
      const problem = this.#checkFile(exportPath(this.#database, exported), exported);
      if (problem !== null) return problem;
      this.#walk.goOn(exported.last, exported.hash);
      this.#see(exported.last, exported.hash);
    }
    return null;
  }

  #checkFile(path: string, { first, last, hash }: Exported): Problem | null {
    let rows: EventRow[] | null;
    try {
      rows = readExport(path);
    } catch (error) {
      return { problem: "unreadable", id: first, text: `${path} can't be read: ${errorText(error)}.` };
    }
    if (rows === null) {
      this.#files.absent.push({ path, first, last });
      return null;
    }
    for (const row of rows) {
      const found = this.#walk.step(row);
      if (found !== null) return { ...found, text: `${path}: ${found.text}` };
      this.#see(row.id, row.hash);
    }
    const { next, before } = this.#walk;
    if (next <= last) return { ...missing(next, last), text: `${path}: ${missing(next, last).text}` };
    if (before !== hash) return anchorChanged({ first, last });
    this.#files.files++;
    this.#files.events += rows.length;
    return null;
  }

  #checkDatabase(): Problem | null {
    const anchor = this.#exports.at(-1)?.last ?? 0;
    // Rows up to the anchor may still exist if their export was interrupted.
    if (this.#oldest > anchor + 1) return missing(anchor + 1, this.#oldest - 1);
    const anchored = new Map(this.#exports.map((exported) => [exported.last, exported]));
    this.#walk.goOn(this.#oldest - 1, this.#beforeOldest);
    for (const row of this.#db.prepare("SELECT * FROM events ORDER BY id").iterate() as Iterable<EventRow>) {
      const found = this.#walk.step(row);
      if (found !== null) return found;
      const exported = anchored.get(row.id);
      if (exported !== undefined && exported.hash !== row.hash) return anchorChanged(exported);
      this.#see(row.id, row.hash);
      this.#read = { count: this.#read.count + 1, newest: { id: row.id, hash: row.hash } };
    }
    // The newest event is never exported.
    return anchor > 0 && this.#walk.next <= anchor + 1 ? missing(anchor + 1, anchor + 1) : null;
  }

  #checkExpected(): Problem | null {
    if (this.#found) return null;
    const { next } = this.#walk;
    const absent = this.#files.absent.map(({ path }) => path);
    if (absent.length > 0) return { problem: "unproven", id: null, text: unprovenText(absent) };
    return { problem: "cut", id: next, text: cutText(next - 1) };
  }

  #see(id: number, hash: string): void {
    this.#found ||= hash === this.#expect;
    if (id === this.#oldest - 1) this.#beforeOldest = hash;
  }

  #extent(): Extent {
    const newest = this.#db.prepare("SELECT id, hash FROM events ORDER BY id DESC LIMIT 1").get();
    const count = Number(this.#db.prepare("SELECT count(*) FROM events").pluck().get());
    return { count, newest: (newest as Extent["newest"] | undefined) ?? null };
  }

  #exported(): Pick<Extent, "exported"> {
    return this.#exports.length === 0 ? {} : { exported: this.#files };
  }
}

const anchorChanged = ({ first, last }: { first: number; last: number }): Problem => ({
  problem: "changed",
  id: last,
  text: `The export of events ${first} to ${last} doesn't fit its anchor in the database: one of them was changed.`,
});

const cutText = (last: number): string =>
  `The expected hash isn't there: events after event ${last} were cut off, or the log was written anew.`;

const unprovenText = (absent: string[]): string =>
  `The expected hash isn't among the events that are here. It may be in what was exported: put ${absent.join(", ")} back and verify again.`;
