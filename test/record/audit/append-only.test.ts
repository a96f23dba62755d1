/** Covers: src/record/database/migrate.ts */
import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { verifyChain } from "../../../src/record/audit/verify.ts";
import { at, event } from "../material.ts";
import { openJournal } from "../scratch.ts";

/** Another program with the same file, and SQLite's own defaults. */
function stranger(path: string): Sqlite.Database {
  const db = new Sqlite(path);
  db.pragma("recursive_triggers = OFF");
  return db;
}

const columns = "at, at_ms, kind, job, run, actor, reason, evidence, outcome, hash";

describe("events are append-only", () => {
  test.each([
    ["UPDATE", "UPDATE events SET reason = 'nothing happened' WHERE id = 2"],
    ["UPDATE of an id", "UPDATE events SET id = 99 WHERE id = 3"],
    ["UPDATE OR REPLACE", "UPDATE OR REPLACE events SET id = 1 WHERE id = 2"],
    ["DELETE", "DELETE FROM events WHERE id = 3"],
    ["DELETE of everything", "DELETE FROM events"],
    ["REPLACE", `REPLACE INTO events SELECT 2, ${columns} FROM events WHERE id = 3`],
    ["INSERT OR REPLACE", `INSERT OR REPLACE INTO events SELECT 3, ${columns} FROM events WHERE id = 1`],
    [
      "INSERT ON CONFLICT DO UPDATE",
      `INSERT INTO events SELECT 1, ${columns} FROM events WHERE id = 1 ON CONFLICT (id) DO UPDATE SET reason = 'x'`,
    ],
    ["INSERT with a gap", `INSERT INTO events SELECT 9, ${columns} FROM events WHERE id = 3`],
    ["INSERT in front", `INSERT INTO events SELECT 0, ${columns} FROM events WHERE id = 3`],
  ])("%s by another program is refused", (_, sql) => {
    const journal = openJournal();
    journal.append([event("one"), event("two"), event("three")], at(0));
    const db = stranger(journal.path);
    const before = db.prepare("SELECT * FROM events").all();
    expect(() => db.exec(sql)).toThrow(/append-only/);
    expect(db.prepare("SELECT * FROM events").all()).toEqual(before);
    db.close();
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 3 });
  });
});

const newHash = "(SELECT hash FROM events WHERE id = 6)";

describe("what was exported, and only that, may go", () => {
  test.each([
    [
      "an export of the newest event, too",
      `INSERT INTO exports SELECT 7, 5, hash, 0 FROM events WHERE id = 7`,
    ],
    ["an export with another hash", `INSERT INTO exports VALUES (6, 5, '${"0".repeat(64)}', 0)`],
    ["an export of events that aren't there", "INSERT INTO exports VALUES (60, 5, 'x', 0)"],
    ["an export with a gap before it", `INSERT INTO exports VALUES (6, 6, ${newHash}, 0)`],
    [
      "an export of what was exported before",
      `INSERT INTO exports SELECT 3, 1, hash, 0 FROM events WHERE id = 6`,
    ],
    ["an export that ends before it begins", "INSERT INTO exports VALUES (2, 5, 'x', 0)"],
    ["an export without an end", `INSERT INTO exports VALUES (NULL, 5, ${newHash}, 0)`],
    ["REPLACE of the anchor", `REPLACE INTO exports VALUES (4, 1, ${newHash}, 0)`],
    ["REPLACE of the anchor by a longer one", `REPLACE INTO exports VALUES (6, 1, ${newHash}, 0)`],
    ["UPDATE of the anchor", "UPDATE exports SET last = 6"],
    ["UPDATE OR REPLACE of the anchor", "UPDATE OR REPLACE exports SET hash = 'x'"],
    ["DELETE of the anchor", "DELETE FROM exports"],
    ["DELETE of the first event behind the anchor", "DELETE FROM events WHERE id = 5"],
    ["DELETE of everything", "DELETE FROM events"],
    ["REPLACE of an exported event", `REPLACE INTO events SELECT 3, ${columns} FROM events WHERE id = 5`],
    ["INSERT of an exported event", `INSERT INTO events SELECT 2, ${columns} FROM events WHERE id = 5`],
    ["UPDATE of an exported event that is still there", "UPDATE events SET reason = 'x' WHERE id = 4"],
  ])("%s is refused", (_, sql) => {
    const journal = openJournal();
    journal.append(
      [1, 2, 3, 4, 5, 6, 7].map((n) => event(`event ${n}`)),
      at(0),
    );
    const db = stranger(journal.path);
    db.exec("INSERT INTO exports SELECT 4, 1, hash, 0 FROM events WHERE id = 4");
    db.exec("DELETE FROM events WHERE id < 4");
    const all = () => [db.prepare("SELECT * FROM events").all(), db.prepare("SELECT * FROM exports").all()];
    const before = all();
    expect(() => db.exec(sql)).toThrow(/append-only/);
    expect(all()).toEqual(before);
    db.close();
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 4 });
  });
});
