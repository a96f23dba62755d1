/** `audit verify` over exported files, the anchor and the database, with somebody who knows SQLite and gzip. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chainHash, GENESIS } from "../../../src/record/audit/chain.ts";
import type { EventRow } from "../../../src/record/audit/event-row.ts";
import { type Verified, verifyChain } from "../../../src/record/audit/verify.ts";
import { readEvents } from "../../../src/record/read.ts";
import { upkeep } from "../../../src/record/upkeep/upkeep.ts";
import { at, event } from "../material.ts";
import { openJournal } from "../scratch.ts";
import { DAY, daysMs, KEEP_10_DAYS, logOfDays, pathsOf, rewrite, rowsIn } from "./export.ts";

/** Events 1 to 9 and 10 to 19 in two files, 20 to 30 in the database; `hashes[5]` is that of event 5. */
function exported() {
  const journal = logOfDays(20);
  const hashes = ["", ...[...readEvents(journal.path)].map(({ hash }) => hash)];
  upkeep(journal.path, KEEP_10_DAYS, daysMs(20));
  for (let day = 21; day <= 30; day++) journal.append([event(`day ${day}`)], at(day * DAY));
  hashes.push(...journal.tail(10).map(({ hash }) => hash));
  upkeep(journal.path, KEEP_10_DAYS, daysMs(30));
  journal.close();
  const [first = "", second = ""] = pathsOf(journal.path);
  return { path: journal.path, first, second, hashes };
}

/** Without the triggers. */
function change(path: string, sql: string): void {
  const db = new Sqlite(path);
  for (const name of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all())
    db.exec(`DROP TRIGGER ${name}`);
  db.pragma("ignore_check_constraints = ON");
  db.exec(sql);
  db.close();
}

const edit = (path: string, how: (rows: EventRow[]) => unknown[]): void => rewrite(path, how(rowsIn(path)));

describe("exported files", () => {
  test("are followed from the first event into the database", () => {
    const { path, hashes } = exported();
    const whole = { ok: true, count: 11, exported: { files: 2, events: 19, absent: [] } };
    expect(verifyChain(path)).toMatchObject(whole);
    for (const id of [1, 5, 9, 10, 19, 20, 30]) {
      expect(verifyChain(path, { expect: hashes[id] as string })).toMatchObject(whole);
    }
  });

  test("that aren't there are said, and the rest is held to the anchor", () => {
    const { path, first, second, hashes } = exported();
    rmSync(first);
    const absent = [{ path: first, first: 1, last: 9 }];
    expect(verifyChain(path)).toMatchObject({ ok: true, exported: { files: 1, events: 10, absent } });
    for (const id of [9, 12, 25]) expect(verifyChain(path, { expect: hashes[id] as string }).ok).toBe(true);
    expect(verifyChain(path, { expect: hashes[5] as string })).toMatchObject({
      ok: false,
      problem: "unproven",
      text: expect.stringContaining(first),
    });
    rmSync(second);
    expect(verifyChain(path)).toMatchObject({ ok: true, count: 11, exported: { files: 0, events: 0 } });
    change(path, "UPDATE events SET reason = 'forged' WHERE id = 20");
    expect(verifyChain(path)).toMatchObject({ ok: false, problem: "changed", id: 20 });
  });

  test("a hash that is nowhere is found to be cut off", () => {
    const { path, hashes } = exported();
    expect(verifyChain(path, { expect: `${"0".repeat(63)}1` })).toMatchObject({ problem: "cut", id: 31 });
    change(path, "DELETE FROM events WHERE id > 27");
    expect(verifyChain(path)).toMatchObject({ ok: true, count: 8 });
    expect(verifyChain(path, { expect: hashes[30] as string })).toMatchObject({ problem: "cut", id: 28 });
  });

  test.each<[string, (rows: EventRow[]) => unknown[], string, number]>([
    [
      "a word changed",
      (rows) => rows.map((row) => (row.id === 4 ? { ...row, reason: "no" } : row)),
      "changed",
      4,
    ],
    ["an event deleted", (rows) => rows.filter(({ id }) => id !== 4), "missing", 4],
    ["the first deleted", (rows) => rows.slice(1), "missing", 1],
    ["its end cut off", (rows) => rows.slice(0, 6), "missing", 7],
    ["all deleted", () => [], "missing", 1],
    ["two swapped", ([a, b, ...rest]) => [b, a, ...rest], "missing", 1],
    [
      "two swapped with their ids",
      ([a, b, ...rest]) => [{ ...b, id: 1 }, { ...a, id: 2 }, ...rest],
      "changed",
      1,
    ],
    ["an event twice", ([a, ...rest]) => [a, a, ...rest], "missing", 2],
    ["a line that is no event", (rows) => [...rows, "forged"], "unreadable", 1],
    [
      "written anew with hashes of its own",
      (rows) => chained(rows.map((row) => ({ ...row, reason: "no" }))),
      "changed",
      9,
    ],
    [
      "an event more, with the right hash",
      (rows) => chained([...rows, { ...(rows[0] as EventRow), id: 10 }]),
      "changed",
      9,
    ],
  ])("%s is found", (_, how, problem, id) => {
    const { path, first } = exported();
    edit(first, how);
    const result = verifyChain(path);
    expect(result).toMatchObject({ ok: false, problem, id, count: 11 });
  });

  test("in each other's places, cut or replaced by anything else are found", () => {
    const { path, first, second } = exported();
    const bytes = readFileSync(first);
    const expectFound = (problem: string) => expect(verifyChain(path)).toMatchObject({ ok: false, problem });
    copyFileSync(second, first);
    expectFound("missing");
    writeFileSync(first, bytes.subarray(0, bytes.length / 2));
    expectFound("unreadable");
    writeFileSync(first, "nothing");
    expectFound("unreadable");
    writeFileSync(first, bytes);
    expect(verifyChain(path).ok).toBe(true);
  });

  test("whatever byte is changed: never a crash, and never taken for whole with other events in it", () => {
    const { path, first } = exported();
    const bytes = readFileSync(first);
    const events = rowsIn(first);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, by) => {
        const damaged = Buffer.from(bytes);
        damaged[place] = (damaged[place] as number) ^ by;
        writeFileSync(first, damaged);
        // A few bytes of gzip's header say nothing of the content.
        if (verifyChain(path).ok) expect(rowsIn(first)).toEqual(events);
      }),
    );
  });

  test("whatever lines it has: never a crash, never taken for whole", () => {
    const { path, first } = exported();
    const rows = rowsIn(first);
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...rows));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), (lines) => {
        rewrite(first, lines);
        const result: Verified = verifyChain(path);
        if (JSON.stringify(lines) !== JSON.stringify(rows)) expect(result.ok).toBe(false);
      }),
    );
  });
});

describe("the anchor", () => {
  test.each([
    ["another hash", "UPDATE exports SET hash = 'x' || substr(hash, 2) WHERE last = 19"],
    ["moved back, with its events gone", "UPDATE exports SET last = 18 WHERE last = 19"],
    ["moved on, to events that are there", "UPDATE exports SET last = 22 WHERE last = 19"],
    [
      "moved on, with the events gone",
      "UPDATE exports SET last = 22 WHERE last = 19; DELETE FROM events WHERE id < 23",
    ],
    ["removed", "DELETE FROM exports"],
    ["its first half removed", "DELETE FROM exports WHERE last = 9"],
    ["its second half removed", "DELETE FROM exports WHERE last = 19"],
    ["an event behind it gone, too", "DELETE FROM events WHERE id = 20"],
    ["all events behind it gone", "DELETE FROM events"],
    ["made up, where nothing was exported", "INSERT INTO exports VALUES (25, 20, 'forged', 0)"],
  ])("%s is found", (_, sql) => {
    for (const keep of [true, false]) {
      const { path, first, second } = exported();
      change(path, sql);
      // Without the files, too: the rest has to follow the anchor, and the anchor itself.
      if (!keep) for (const file of [first, second]) rmSync(file);
      expect(verifyChain(path)).toMatchObject({ ok: false });
    }
  });

  test("rows that an interrupted housekeeping has left are held to their export and to the anchor", () => {
    for (const sql of [
      "",
      "UPDATE events SET reason = 'no' WHERE id = 15",
      "DELETE FROM events WHERE id = 15",
    ]) {
      const journal = logOfDays(30);
      const rows = new Sqlite(journal.path).prepare("SELECT * FROM events").all() as EventRow[];
      upkeep(journal.path, KEEP_10_DAYS, daysMs(30));
      journal.close();
      const insert =
        "INSERT INTO events VALUES (@id, @at, @at_ms, @kind, @job, @run, @actor, @reason, @evidence, @outcome, @hash)";
      change(journal.path, "");
      const db = new Sqlite(journal.path);
      for (const row of rows.slice(11, 19)) db.prepare(insert).run(row);
      db.exec(sql);
      db.close();
      expect(verifyChain(journal.path)).toMatchObject(
        sql === "" ? { ok: true, count: 19 } : { ok: false, id: 15 },
      );
      rmSync(pathsOf(journal.path)[0] as string);
      expect(verifyChain(journal.path)).toMatchObject({ ok: sql === "" });
    }
  });

  test("a hash noted before shows a log that was written anew behind a made-up anchor", () => {
    const { path, hashes } = exported();
    change(path, "DELETE FROM exports; DELETE FROM events");
    const journal = openJournal(path);
    journal.append([event("all is well")], at(0));
    expect(verifyChain(path)).toMatchObject({ ok: true, count: 1 });
    for (const id of [5, 30])
      expect(verifyChain(path, { expect: hashes[id] as string })).toMatchObject({ problem: "cut" });
  });
});

/** With hashes that follow each other. */
function chained(rows: EventRow[]): EventRow[] {
  let before = GENESIS;
  return rows.map((row) => {
    before = chainHash(before, row);
    return { ...row, hash: before };
  });
}
