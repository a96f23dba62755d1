import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { chainHash, GENESIS } from "../../../src/record/audit/chain.ts";
import type { EventRow } from "../../../src/record/audit/event-row.ts";
import { verifyChain } from "../../../src/record/audit/verify.ts";
import { at, event } from "../material.ts";
import { openJournal, scratch } from "../scratch.ts";

/** Ten events, then somebody who knows SQLite and has dropped the triggers. */
function tampered(change: (db: Sqlite.Database) => void) {
  const journal = openJournal();
  for (let i = 1; i <= 10; i++) journal.append([event(`event ${i}`, { evidence: { value: i } })], at(i));
  const newest = journal.tail(1)[0]?.hash as string;
  journal.close();
  const db = new Sqlite(journal.path);
  db.exec("DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete; DROP TRIGGER events_in_order");
  change(db);
  db.close();
  return { path: journal.path, newest };
}

describe("audit verify", () => {
  test("an untouched log is whole, alone and against a hash noted on the way", () => {
    const journal = openJournal();
    expect(verifyChain(journal.path)).toEqual({ ok: true, count: 0, newest: null });
    journal.append([event("one")], at(0));
    const noted = journal.tail(1)[0]?.hash as string;
    journal.append([event("two")], at(1));
    const newest = journal.tail(1)[0];
    const whole = { ok: true, count: 2, newest: { id: 2, hash: newest?.hash } };
    expect(verifyChain(journal.path)).toEqual(whole);
    expect(verifyChain(journal.path, { expect: noted })).toEqual(whole);
  });

  test.each([
    ["a word changed", "UPDATE events SET reason = 'event 5!' WHERE id = 5", "changed", 5],
    ["evidence removed", "UPDATE events SET evidence = NULL WHERE id = 4", "changed", 4],
    ["a time moved", "UPDATE events SET at_ms = at_ms + 1 WHERE id = 1", "changed", 1],
    [
      "the shown time moved",
      "UPDATE events SET at = '2026-01-01T00:00:00.000+00:00' WHERE id = 10",
      "changed",
      10,
    ],
    ["a hash changed", `UPDATE events SET hash = '${"0".repeat(64)}' WHERE id = 7`, "changed", 7],
    ["one deleted", "DELETE FROM events WHERE id = 6", "missing", 6],
    ["the first deleted", "DELETE FROM events WHERE id = 1", "missing", 1],
    ["some deleted", "DELETE FROM events WHERE id BETWEEN 3 AND 5", "missing", 3],
    [
      "one replaced by another",
      "UPDATE events SET reason = (SELECT reason FROM events WHERE id = 2) WHERE id = 3",
      "changed",
      3,
    ],
    [
      "two swapped",
      "UPDATE events SET id = 99 WHERE id = 4; UPDATE events SET id = 4 WHERE id = 8; UPDATE events SET id = 8 WHERE id = 99",
      "changed",
      4,
    ],
    [
      "one deleted and the rest moved up",
      "DELETE FROM events WHERE id = 5; UPDATE events SET id = -id WHERE id > 5; UPDATE events SET id = -id - 1 WHERE id < 0",
      "changed",
      5,
    ],
  ])("finds %s", (_, sql, problem, id) => {
    const { path } = tampered((db) => {
      db.pragma("ignore_check_constraints = ON");
      db.exec(sql);
    });
    const verified = verifyChain(path);
    expect(verified).toMatchObject({ ok: false, problem, id });
    if (!verified.ok) expect(verified.text).toContain(String(id));
  });

  test("a changed row with a hash made anew shows at the next one", () => {
    const { path } = tampered((db) => {
      const [before, row] = db
        .prepare("SELECT * FROM events WHERE id IN (4, 5) ORDER BY id")
        .all() as EventRow[];
      const forged = { ...(row as EventRow), reason: "forged" };
      db.prepare("UPDATE events SET reason = ?, hash = ? WHERE id = 5").run(
        forged.reason,
        chainHash((before as EventRow).hash, forged),
      );
    });
    expect(verifyChain(path)).toMatchObject({ ok: false, problem: "changed", id: 6 });
  });

  test("a tail that was cut off shows against the newest hash, noted elsewhere", () => {
    const { path, newest } = tampered((db) => db.exec("DELETE FROM events WHERE id > 7"));
    expect(verifyChain(path)).toMatchObject({ ok: true, count: 7 });
    expect(verifyChain(path, { expect: newest })).toMatchObject({
      ok: false,
      problem: "cut",
      id: 8,
      count: 7,
    });
  });

  test("a log written anew from the first event on shows against a noted hash", () => {
    const { path, newest } = tampered((db) => {
      let hash = GENESIS;
      for (const row of db.prepare("SELECT * FROM events ORDER BY id").all() as EventRow[]) {
        hash = chainHash(hash, { ...row, reason: "nothing" });
        db.prepare("UPDATE events SET reason = 'nothing', hash = ? WHERE id = ?").run(hash, row.id);
      }
    });
    expect(verifyChain(path).ok).toBe(true);
    expect(verifyChain(path, { expect: newest })).toMatchObject({ ok: false, problem: "cut", count: 10 });
  });

  test("the formula is the documented one, so that others can check it", () => {
    const row = {
      id: 1,
      at: "2026-11-23T09:12:04.000+01:00",
      at_ms: 1795421524000,
      kind: "supervisor.started",
      job: null,
      run: null,
      actor: "supervisor",
      reason: "Started.",
      evidence: null,
      outcome: null,
    };
    // printf '%064d%s' 0 '[1,"2026-11-23T09:12:04.000+01:00",1795421524000,…]' | sha256sum
    expect(chainHash(GENESIS, row)).toBe("562dd9d078f40258be443dbf7a09f12ca65307a580ee0962f40856f735b482fd");
  });

  test("no database is said so", () => {
    expect(() => verifyChain(scratch())).toThrow(/no supervisor has run/);
  });
});
