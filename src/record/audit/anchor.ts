/**
 * The anchor of the audit log: which events have left the database, the hash that the rest follows, and
 * the names of the files that hold the exported ones. Reads only.
 */
import type { Database } from "better-sqlite3";

/** Events `first` to `last`, none missing. */
export interface Exported {
  first: number;
  last: number;
  /** Of event `last`. */
  hash: string;
  /** The latest time in it. */
  newestMs: number;
}

/** Commands also read databases that this version hasn't migrated yet. */
const SINCE_SCHEMA = 2;

/** Oldest first. */
export function listExports(db: Database): Exported[] {
  if (Number(db.pragma("user_version", { simple: true })) < SINCE_SCHEMA) return [];
  return db
    .prepare("SELECT first, last, hash, newest_ms AS newestMs FROM exports ORDER BY last")
    .all() as Exported[];
}

/** The common prefix of the names of all exports that start with event `first`. */
export const exportPrefix = (database: string, first: number): string => `${database}.events-${first}-`;

/**
 * Beside the database. Part of the hash is in the name, so that exports of an earlier database have
 * other names: a name implies the content, and writing a file again is harmless.
 */
export const exportPath = (database: string, { first, last, hash }: Omit<Exported, "newestMs">): string =>
  `${exportPrefix(database, first)}${last}-${hash.slice(0, 12)}.jsonl.gz`;
