/** Covers: src/record/upkeep/start-upkeep.ts, src/record/upkeep/upkeep-process.ts */
import { statSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { verifyChain } from "../../../src/record/audit/verify.ts";
import { readSamples } from "../../../src/record/read.ts";
import { upkeep } from "../../../src/record/upkeep/upkeep.ts";
import { untilHolds } from "../../until.ts";
import { at, event, RETENTION, START_MS, sample } from "../material.ts";
import { openJournal } from "../scratch.ts";

const HOUR = 3600;
const walBytes = (path: string): number => statSync(`${path}-wal`).size;

describe("housekeeping", () => {
  test("brings the WAL into the database beside an open journal", () => {
    const journal = openJournal();
    for (let i = 0; i < 500; i++) journal.append([event(`event ${i}`)], at(i));
    const before = walBytes(journal.path);
    expect(upkeep(journal.path, RETENTION, START_MS)).toEqual({ thinned: 0, exported: 0, emptied: true });
    expect(walBytes(journal.path)).toBeLessThan(before / 10);
    expect(journal.append([event("goes on")], at(501))).toMatchObject({ ok: true, events: [{ id: 501 }] });
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 501 });
  });

  test("a long reader holds nothing up and loses nothing", () => {
    const journal = openJournal();
    journal.append([event("one")], at(0));
    const reader = new Sqlite(journal.path, { readonly: true });
    onTestFinished(() => void reader.close());
    const rows = reader.prepare("SELECT id FROM events").iterate();
    rows.next();
    journal.append([event("two")], at(1));
    expect(upkeep(journal.path, RETENTION, START_MS).emptied).toBe(false);
    expect(journal.append([event("three")], at(2)).ok).toBe(true);
    rows.return?.();
    expect(upkeep(journal.path, RETENTION, START_MS).emptied).toBe(true);
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 3 });
  });

  test("the journal starts it by itself once it is due, in another process", async () => {
    const journal = openJournal();
    journal.retain({ samplesFullHours: 25, samplesThinnedDays: 30 });
    for (let s = 0; s < 26 * HOUR; s += 30) journal.addSample(sample(at(s)));
    journal.append([], at(26 * HOUR));
    // An hour is past full retention; each of its minutes had two samples.
    let s = 26 * HOUR;
    await untilHolds(
      () => {
        s += 1;
        journal.addSample(sample(at(s)));
        const old = [...readSamples(journal.path, { untilMs: at(HOUR).wallMs })];
        expect(old).toHaveLength(60);
        expect([
          ...readSamples(journal.path, { sinceMs: at(2 * HOUR).wallMs, untilMs: at(3 * HOUR).wallMs }),
        ]).toHaveLength(120);
      },
      { everyMs: 50 },
    );
    expect(journal.problems).toEqual([]);
  });
});
