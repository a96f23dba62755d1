import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { verifyChain } from "../../src/record/verify.ts";
import { at, event } from "./material.ts";
import { openJournal } from "./scratch.ts";

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
