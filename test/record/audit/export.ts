/** A log with a past, and what has become of it, for the tests of exports. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import Sqlite from "better-sqlite3";
import type { EventRow } from "../../../src/record/audit/event-row.ts";
import { at, event, RETENTION } from "../material.ts";
import { openJournal } from "../scratch.ts";

export const DAY = 86_400;
export const KEEP_10_DAYS = { ...RETENTION, eventsDays: 10 };

/** One event a day, from day 1 on. */
export function logOfDays(days: number, reason = (day: number) => `day ${day}`) {
  const journal = openJournal();
  for (let day = 1; day <= days; day++)
    journal.append([event(reason(day), { evidence: { value: day } })], at(day * DAY));
  return journal;
}

export const daysMs = (days: number): number => at(days * DAY).wallMs;

/** Names of what housekeeping has written beside the database, without the database's. */
export const filesOf = (database: string): string[] =>
  readdirSync(dirname(database))
    .filter((name) => name.startsWith(`${basename(database)}.events-`))
    .map((name) => name.slice(basename(database).length))
    .sort();

export function pathsOf(database: string): string[] {
  return filesOf(database).map((name) => join(dirname(database), basename(database) + name));
}

export const rowsIn = (path: string): EventRow[] =>
  gunzipSync(readFileSync(path))
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as EventRow);

export const rewrite = (path: string, rows: unknown[]): void =>
  writeFileSync(path, gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join("")));

export function idsIn(database: string): number[] {
  const db = new Sqlite(database, { readonly: true });
  try {
    return db.prepare("SELECT id FROM events ORDER BY id").pluck().all() as number[];
  } finally {
    db.close();
  }
}

export function oldestIn(database: string): number {
  const db = new Sqlite(database, { readonly: true });
  try {
    return Number(db.prepare("SELECT min(id) FROM events").pluck().get() ?? 0);
  } finally {
    db.close();
  }
}

export const numbers = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
