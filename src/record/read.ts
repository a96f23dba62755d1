/**
 * What commands read from the database themselves, whether or not a supervisor runs. Every function
 * opens it read-only and closes it when its iteration ends, even when that is cut short.
 */
import { realpathSync } from "node:fs";
import { type AuditEvent, type EventKind, storedKinds } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import type { Sample } from "../model/machine.ts";
import { type Exported, exportPath, listExports } from "./audit/anchor.ts";
import { type EventRow, eventOf } from "./audit/event-row.ts";
import { openReadOnly, unreadable } from "./database/open-read-only.ts";
import { type Shape, type Unpacker, unpackerOf } from "./sample-row.ts";
import { jobOf } from "./upgrade-job-row.ts";
import { UNKNOWN_STEP } from "./writes.ts";

export interface EventFilter {
  job?: string;
  kind?: EventKind | readonly EventKind[];
  /** Wall time: from this moment on, and before that one. */
  sinceMs?: number;
  untilMs?: number;
  /** How many of the newest; all when left out. */
  limit?: number;
}

/**
 * Events in the order in which they were written, newest last. A few events are found as quickly among
 * millions as among hundreds. Throws DatabaseError.
 */
export function* readEvents(path: string, filter: EventFilter = {}): Generator<AuditEvent, void> {
  const { sql, values } = eventQuery(filter);
  for (const row of rows<EventRow>(path, sql, values)) yield eventOf(row);
}

/**
 * Filters by time, sorts by id. `IN` makes SQLite take the ids from an index alone and sort only those;
 * a single query reads the whole log for a `since`.
 */
export function eventQuery(filter: EventFilter): { sql: string; values: Value[] } {
  const { where, values } = conditions([
    ["job = ?", filter.job],
    ...kindCondition(filter.kind),
    ["at_ms >= ?", filter.sinceMs],
    ["at_ms < ?", filter.untilMs],
  ]);
  if (where === "" && filter.limit === undefined) return { sql: "SELECT * FROM events ORDER BY id", values };
  const ids = `SELECT id FROM events ${where} ORDER BY at_ms DESC, id DESC LIMIT ?`;
  return {
    sql: `SELECT * FROM events WHERE id IN (${ids}) ORDER BY id`,
    values: [...values, filter.limit ?? -1],
  };
}

/** The files that hold exported events, oldest first. Throws DatabaseError. */
export function readExports(path: string): (Exported & { path: string })[] {
  const db = openReadOnly(path);
  try {
    return listExports(db).map((one) => ({ ...one, path: exportPath(realpathSync(path), one) }));
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    db.close();
  }
}

/** A run as recorded. Times are wall times in ms; null means unknown. */
export interface RecordedRun {
  id: string;
  job: string;
  number: number;
  startedMs: number;
  bootId: string;
  resumedFrom: string | null;
  resumedAtStep: number | null;
  gpus: string[];
  /** Null while it lives, or when its end wasn't observed. */
  endedMs: number | null;
  how: string | null;
  code: number | null;
  signal: string | null;
  step: number | null;
}

/** Newest last. `sinceMs`: started at or after. Throws DatabaseError. */
export function* readRuns(
  path: string,
  filter: { job?: string; sinceMs?: number; limit?: number } = {},
): Generator<RecordedRun, void> {
  const { where, values } = conditions([
    ["job = ?", filter.job],
    ["started_ms >= ?", filter.sinceMs],
  ]);
  const sql = `SELECT * FROM (SELECT id, job, number, started_ms AS startedMs, boot_id AS bootId,
      resumed_from AS resumedFrom, NULLIF(resumed_at_step, ${UNKNOWN_STEP}) AS resumedAtStep, gpus, ended_ms AS endedMs,
      how, code, signal, step
    FROM runs ${where} ORDER BY started_ms DESC LIMIT ?) ORDER BY startedMs, number`;
  for (const row of rows<RecordedRun & { gpus: string }>(path, sql, [...values, filter.limit ?? -1])) {
    yield { ...row, gpus: JSON.parse(row.gpus) as string[] };
  }
}

/** Every job that the database knows, as it was last saved. Throws DatabaseError. */
export function readJobs(path: string): Job[] {
  return [...rows<{ job: string }>(path, "SELECT job FROM jobs ORDER BY name", [])].map(({ job }) =>
    jobOf(job),
  );
}

/** The first and the last sample and how many there are; null where there is none. Throws DatabaseError. */
export function sampleSpan(
  path: string,
  span: { sinceMs?: number | undefined; untilMs?: number | undefined } = {},
): { firstMs: number; lastMs: number; count: number } | null {
  const { where, values } = spanCondition(span);
  const sql = `SELECT min(at_ms) AS firstMs, max(at_ms) AS lastMs, count(*) AS count FROM samples ${where}`;
  const [found] = rows<{ firstMs: number; lastMs: number; count: number }>(path, sql, values);
  return found === undefined || found.count === 0 ? null : found;
}

/**
 * Oldest first. The newest few seconds may still be in the supervisor's memory. `everyMs`: only the first of
 * each stretch of that length. Throws DatabaseError.
 */
export function* readSamples(
  path: string,
  span: { sinceMs?: number; untilMs?: number; everyMs?: number } = {},
): Generator<Sample, void> {
  const { where, values } = spanCondition(span);
  const every = span.everyMs === undefined ? [] : [span.everyMs];
  const some = `WHERE at_ms IN (SELECT min(at_ms) FROM samples ${where} GROUP BY CAST(at_ms / ? AS INTEGER))`;
  const sql = `SELECT at_ms, data, shape FROM samples ${every.length === 0 ? where : some} ORDER BY at_ms`;
  // The names are as long as the sample itself, and alike for nearly all.
  const unpackers = new Map<number, Unpacker>();
  for (const row of rows<{ at_ms: number; data: string; shape: number }>(path, sql, [...values, ...every])) {
    const unpack = unpackers.get(row.shape) ?? unpackerOf(shapeOf(path, row.shape));
    unpackers.set(row.shape, unpack);
    yield unpack(row);
  }
}

function shapeOf(path: string, id: number): Shape {
  const sql = "SELECT names FROM sample_shapes WHERE id = ?";
  for (const { names } of rows<{ names: string }>(path, sql, [id])) return JSON.parse(names) as Shape;
  throw unreadable(path, new Error(`sample shape ${id} is missing`));
}

/** Wall time of the last sample before a moment; null where there is none. Throws DatabaseError. */
export function lastSampleMs(path: string, beforeMs: number): number | null {
  const sql = "SELECT max(at_ms) AS atMs FROM samples WHERE at_ms < ?";
  for (const { atMs } of rows<{ atMs: number | null }>(path, sql, [beforeMs])) return atMs;
  return null;
}

const spanCondition = (span: { sinceMs?: number | undefined; untilMs?: number | undefined }) =>
  conditions([
    ["at_ms >= ?", span.sinceMs],
    ["at_ms < ?", span.untilMs],
  ]);

type Value = string | number;
type Condition = [sql: string, value: Value | Value[] | undefined];

function conditions(parts: Condition[]): { where: string; values: Value[] } {
  const used = parts.filter((part): part is [string, Value | Value[]] => part[1] !== undefined);
  const where = used.length === 0 ? "" : `WHERE ${used.map(([sql]) => sql).join(" AND ")}`;
  return { where, values: used.flatMap(([, value]) => value) };
}

/** Includes rows that an older version wrote under another name. */
function kindCondition(kind: EventFilter["kind"]): Condition[] {
  if (kind === undefined) return [];
  const names = [kind].flat().flatMap(storedKinds);
  return [[names.length === 1 ? "kind = ?" : `kind IN (${names.map(() => "?").join(", ")})`, names]];
}

function* rows<Row>(path: string, sql: string, values: Value[]): Generator<Row, void> {
  const db = openReadOnly(path);
  try {
    yield* db.prepare(sql).iterate(...values) as IterableIterator<Row>;
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    db.close();
  }
}
