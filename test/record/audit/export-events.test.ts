/** Covers: src/record/audit/anchor.ts, src/record/audit/export-file.ts */
import { mkdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportPath } from "../../../src/record/audit/anchor.ts";
import { verifyChain } from "../../../src/record/audit/verify.ts";
import { readEvents, readExports } from "../../../src/record/read.ts";
import { upkeep } from "../../../src/record/upkeep/upkeep.ts";
import { untilHolds } from "../../until.ts";
import { at, event, RETENTION, sample } from "../material.ts";
import { openJournal, scratch } from "../scratch.ts";
import { DAY, daysMs, filesOf, idsIn, KEEP_10_DAYS, logOfDays, numbers, pathsOf, rowsIn } from "./export.ts";

describe("events that have come of age", () => {
  test("leave for a private file beside the database, and the chain goes on from it", () => {
    const journal = logOfDays(30);
    const before = [...readEvents(journal.path)];
    expect(upkeep(journal.path, KEEP_10_DAYS, daysMs(30))).toMatchObject({ exported: 19, emptied: true });
    const hash = before[18]?.hash as string;
    expect(filesOf(journal.path)).toEqual([`.events-1-19-${hash.slice(0, 12)}.jsonl.gz`]);
    const [path = ""] = pathsOf(journal.path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(rowsIn(path).map(({ id, at_ms, hash }) => [id, at_ms, hash])).toEqual(
      before.slice(0, 19).map((one) => [one.id, Date.parse(one.at), one.hash]),
    );
    expect(idsIn(journal.path)).toEqual(numbers(20, 30));
    expect([...readEvents(journal.path)]).toEqual(before.slice(19));
    expect(readExports(journal.path)).toEqual([{ first: 1, last: 19, hash, newestMs: daysMs(19), path }]);
    const exported = { files: 1, events: 19, absent: [] };
    expect(verifyChain(journal.path)).toEqual({
      ok: true,
      count: 11,
      newest: { id: 30, hash: before[29]?.hash },
      exported,
    });
    expect(journal.append([event("goes on")], at(30 * DAY))).toMatchObject({
      ok: true,
      events: [{ id: 31 }],
    });
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 12, exported });
  });

  test("stay for ever unless a time is configured", () => {
    const journal = logOfDays(3);
    expect(upkeep(journal.path, RETENTION, daysMs(100_000)).exported).toBe(0);
    expect(idsIn(journal.path)).toEqual([1, 2, 3]);
  });

  test("leave together: ten files in the time that they are kept, not one with every housekeeping", () => {
    const journal = logOfDays(12);
    const events = (days: number) => upkeep(journal.path, KEEP_10_DAYS, daysMs(days)).exported;
    expect(events(11.9)).toBe(0); // the oldest is 10.9 days old
    expect(events(12.5)).toBe(2);
    expect(events(13.5)).toBe(0);
    expect(events(14.5)).toBe(2);
    expect(filesOf(journal.path).map((name) => name.slice(0, 12))).toEqual([".events-1-2-", ".events-3-4-"]);
    expect(verifyChain(journal.path)).toMatchObject({
      ok: true,
      count: 8,
      exported: { files: 2, events: 4 },
    });
  });

  test("all but the newest: the next one is chained to it", () => {
    const journal = logOfDays(5);
    expect(upkeep(journal.path, KEEP_10_DAYS, daysMs(1000)).exported).toBe(4);
    expect(upkeep(journal.path, KEEP_10_DAYS, daysMs(2000)).exported).toBe(0);
    journal.append([event("after a long time")], at(1000 * DAY));
    expect(idsIn(journal.path)).toEqual([5, 6]);
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 2 });
  });

  test("many leave in several files of a size that is made and checked in memory", () => {
    const journal = logOfDays(20, (day) => `day ${day} ${"x".repeat(1024 * 1024)}`);
    expect(upkeep(journal.path, KEEP_10_DAYS, daysMs(1000)).exported).toBe(19);
    expect(pathsOf(journal.path).map((path) => rowsIn(path).length)).toEqual([8, 3, 8]); // 1-8, 17-19, 9-16
    expect(verifyChain(journal.path)).toMatchObject({
      ok: true,
      count: 1,
      exported: { files: 3, events: 19 },
    });
  });

  test("nothing leaves while the clock is set back, and one event from the future doesn't keep the rest", () => {
    const journal = openJournal();
    for (const day of [1, 2, 30_000, 3, 4, 40]) journal.append([event(`day ${day}`)], at(day * DAY));
    expect(upkeep(journal.path, KEEP_10_DAYS, daysMs(-1000)).exported).toBe(0);
    expect(upkeep(journal.path, KEEP_10_DAYS, daysMs(40)).exported).toBe(5);
    const wrong = openJournal();
    for (const day of [1, 2, 30_000]) wrong.append([event(`day ${day}`)], at(day * DAY));
    expect(upkeep(wrong.path, KEEP_10_DAYS, daysMs(40)).exported).toBe(0);
  });

  test("an export of a database before this one, set aside since, is left alone", () => {
    const path = scratch();
    const old: string[] = [];
    for (const word of ["first", "second"]) {
      const journal = openJournal(path);
      for (let day = 1; day <= 30; day++) journal.append([event(`${word} log`)], at(day * DAY));
      expect(upkeep(path, KEEP_10_DAYS, daysMs(30)).exported).toBe(19);
      expect(verifyChain(path)).toMatchObject({ ok: true, exported: { files: 1, events: 19 } });
      journal.close();
      old.push(...pathsOf(path).filter((one) => !old.includes(one)));
      rmSync(path);
    }
    expect(pathsOf(path)).toEqual(old.sort());
    expect(old.map((one) => rowsIn(one)[0]?.reason).sort()).toEqual(["first log", "second log"]);
  });

  test("through a link they leave for the folder where the database really is, and are found from there", () => {
    const journal = logOfDays(30);
    const link = join(dirname(scratch()), "link.sqlite");
    symlinkSync(journal.path, link);
    upkeep(journal.path, KEEP_10_DAYS, daysMs(30));
    expect(verifyChain(link)).toMatchObject({ ok: true, exported: { files: 1, absent: [] } });
    expect(readExports(link)[0]?.path).toBe(pathsOf(journal.path)[0]);
  });

  test("the journal has it done once it is due, beside its own writing, and tells where it can't be", async () => {
    const journal = logOfDays(30);
    const hash = [...readEvents(journal.path)][18]?.hash as string;
    const inTheWay = exportPath(journal.path, { first: 1, last: 19, hash });
    mkdirSync(inTheWay);
    journal.retain(KEEP_10_DAYS);
    let s = 29.5 * DAY;
    const hour = async (check: () => void) => {
      await untilHolds(
        () => {
          journal.addSample(sample(at(++s)));
          check();
        },
        { everyMs: 50 },
      );
      s += 3600;
    };
    journal.addSample(sample(at(s)));
    s += 600;
    await hour(() =>
      expect(journal.problems).toEqual([
        `Housekeeping of the database failed: Old events stay in the database, since ${inTheWay} can't be written: ` +
          `EISDIR: illegal operation on a directory, rename '${inTheWay}.PID.tmp' -> '${inTheWay}'.`.replace(
            "PID",
            /\.(\d+)\.tmp/.exec(journal.problems[0] ?? "")?.[1] ?? "",
          ),
      ]),
    );
    expect(idsIn(journal.path)).toEqual(numbers(1, 30));
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 30 });
    rmSync(inTheWay, { recursive: true });
    await hour(() => {
      expect(journal.append([event("meanwhile")], at(s)).ok).toBe(true);
      expect(idsIn(journal.path)[0]).toBe(20);
      expect(journal.problems).toEqual([]);
    });
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, exported: { files: 1, events: 19 } });
  });
});
