import type { Database } from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/record/database/open.ts";
import { thinSamples } from "../../../src/record/upkeep/thin-samples.ts";
import { START_MS } from "../material.ts";
import { scratch } from "../scratch.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const RETENTION = { samplesFullHours: 1, samplesThinnedDays: 2 };

/** One sample every `everyMs` over the `spanMs` before `endMs`. */
function withSamples(spanMs: number, everyMs: number, endMs = START_MS): Database {
  const { db } = openDatabase(scratch());
  onTestFinished(() => void db.close());
  db.exec("INSERT INTO sample_shapes (names) VALUES ('{}')");
  const insert = db.prepare("INSERT INTO samples VALUES (?, 1, '{}')");
  db.transaction(() => {
    for (let ms = endMs - spanMs; ms <= endMs; ms += everyMs) insert.run(ms);
  })();
  return db;
}

const count = (db: Database, from = 0, to = START_MS * 2): number =>
  db.prepare("SELECT count(*) FROM samples WHERE at_ms >= ? AND at_ms < ?").pluck().get(from, to) as number;

describe("thinning samples", () => {
  test("the newest stay whole, then one a minute stays, then none", () => {
    const db = withSamples(3 * DAY, 10_000);
    let pauses = 0;
    const before = count(db);
    const gone = thinSamples(db, RETENTION, START_MS, () => pauses++);
    expect(before - count(db)).toBe(gone);
    expect(count(db, START_MS - HOUR, START_MS)).toBe(360);
    expect(count(db, START_MS - 2 * DAY, START_MS - HOUR)).toBe(47 * 60);
    expect(count(db, 0, START_MS - 2 * DAY)).toBe(0);
    expect(pauses).toBeGreaterThan(100); // many small transactions, not a large one
  });

  test("every minute that had samples keeps its first", () => {
    const db = withSamples(90 * MINUTE, 1000);
    thinSamples(db, RETENTION, START_MS);
    const kept = db
      .prepare("SELECT at_ms FROM samples WHERE at_ms < ?")
      .pluck()
      .all(START_MS - HOUR);
    expect(kept).toEqual(Array.from({ length: 30 }, (_, i) => START_MS - 90 * MINUTE + i * MINUTE));
  });

  test("again and again as time goes on, it thins only what has come of age", () => {
    const db = withSamples(2 * HOUR, 1000);
    thinSamples(db, RETENTION, START_MS);
    expect(thinSamples(db, RETENTION, START_MS)).toBe(0);
    expect(thinSamples(db, RETENTION, START_MS + 10 * MINUTE)).toBe(10 * 59);
  });

  test("a gap of months costs nothing and loses nothing", () => {
    const db = withSamples(5 * MINUTE, 1000, START_MS - 200 * DAY);
    const keep = { samplesFullHours: 1, samplesThinnedDays: 400 };
    thinSamples(db, keep, START_MS);
    expect(count(db)).toBe(6);
  });

  test("a clock that was wrong for a while doesn't stop it for ever", () => {
    const db = withSamples(2 * HOUR, 1000);
    thinSamples(db, { samplesFullHours: 1, samplesThinnedDays: 10_000 }, START_MS + 1000 * DAY);
    const insert = db.prepare("INSERT OR REPLACE INTO samples VALUES (?, 1, '{}')");
    for (let s = 0; s < 7200; s++) insert.run(START_MS + s * 1000);
    thinSamples(db, RETENTION, START_MS);
    expect(thinSamples(db, RETENTION, START_MS + 2 * HOUR)).toBeGreaterThan(3000);
  });

  test("longer retention than before is taken up", () => {
    const db = withSamples(4 * HOUR, 10_000);
    thinSamples(db, RETENTION, START_MS);
    const before = count(db);
    expect(thinSamples(db, { samplesFullHours: 24, samplesThinnedDays: 30 }, START_MS)).toBe(0);
    expect(count(db)).toBe(before);
  });
});
