/** Covers: src/record/journal.ts, src/record/writes.ts, src/record/upkeep/upkeep.ts */
import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { verifyChain } from "../../src/record/audit/verify.ts";
import { upkeep } from "../../src/record/upkeep/upkeep.ts";
import { at, event, RETENTION, START_MS } from "./material.ts";
import { child, openJournal, scratch } from "./scratch.ts";

/** Reads the ids that a writer says until `enough`, kills it, and reads what it had said before. */
async function killAfter(path: string, enough: number, program = "record-writer.ts"): Promise<number> {
  const writer = child(program, path);
  let last = 0;
  for (let said = 0; said < enough; said++) last = Number(await writer.line());
  await writer.kill("SIGKILL");
  try {
    for (;;) last = Number(await writer.line());
  } catch {
    return last;
  }
}

describe("a writer killed with SIGKILL", () => {
  test("loses nothing that it had committed, however often, and the chain goes on", async () => {
    const path = scratch();
    let last = 0;
    for (const enough of [1, 40, 7, 150, 2]) {
      const said = await killAfter(path, enough);
      expect(said).toBeGreaterThanOrEqual(last + enough);
      const verified = verifyChain(path);
      expect(verified.ok).toBe(true);
      // One more may have been committed without a chance to say so.
      expect([said, said + 1]).toContain(verified.count);
      last = verified.count;
    }
    const result = openJournal(path).append([event("after")], at(0));
    expect(result).toMatchObject({ ok: true, events: [{ id: last + 1 }] });
  });

  test("leaves each start whole or not at all: its event, its job's state and its run", async () => {
    const path = scratch();
    for (const enough of [1, 25, 3, 60, 9]) {
      const said = await killAfter(path, enough, "record-starter.ts");
      const db = new Sqlite(path, { readonly: true });
      const one = (sql: string) => Number(db.prepare(sql).pluck().get());
      const starts = one("SELECT count(*) FROM events WHERE kind = 'job.started'");
      const runs = one("SELECT count(*) FROM runs");
      const known = one("SELECT job ->> '$.state.run.number' FROM jobs");
      db.close();
      expect([runs, known]).toEqual([starts, starts]);
      expect([said, said + 1]).toContain(starts);
    }
  });

  test("while housekeeping empties the WAL beside it, too", async () => {
    const path = scratch();
    openJournal(path).close();
    const writer = child("record-writer.ts", path);
    let said = 0;
    let emptied = 0;
    for (let round = 0; round < 200 && (round < 20 || emptied === 0); round++) {
      for (let i = 0; i < 20; i++) {
        const line = await writer.line();
        if (/^\d+$/.test(line)) said = Number(line);
      }
      try {
        if (upkeep(path, RETENTION, START_MS).emptied) emptied++;
      } catch (error) {
        // The writer got no turn for a second while it held the lock: the next housekeeping comes anyway.
        if (!/database is locked/.test(String(error))) throw error;
      }
    }
    await writer.kill("SIGKILL");
    const verified = verifyChain(path);
    expect(verified.ok).toBe(true);
    expect(verified.count).toBeGreaterThanOrEqual(said);
    expect(emptied).toBeGreaterThan(0);
  });
});
