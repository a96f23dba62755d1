import { cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Sample } from "../../../src/model/machine.ts";
import { verifyChain } from "../../../src/record/audit/verify.ts";
import { listMigrations, MIGRATIONS, migrate } from "../../../src/record/database/migrate.ts";
import { openDatabase } from "../../../src/record/database/open.ts";
import { readRuns, readSamples } from "../../../src/record/read.ts";
import { upkeep } from "../../../src/record/upkeep/upkeep.ts";
import { at, event, RETENTION, START_MS, sample } from "../material.ts";
import { openJournal, scratch } from "../scratch.ts";

/** The shipped migrations and some more. */
function migrationsWith(more: Record<string, string>): string {
  const folder = join(dirname(scratch()), "migrations");
  mkdirSync(folder);
  cpSync(MIGRATIONS, folder, { recursive: true });
  for (const [name, sql] of Object.entries(more)) writeFileSync(join(folder, name), sql);
  return folder;
}

const newest = listMigrations().length;
const number = (n: number): string => String(n).padStart(4, "0");
const version = (db: Sqlite.Database): number => Number(db.pragma("user_version", { simple: true }));

describe("migrations", () => {
  test("an empty file gets the newest schema, and no copy is made of nothing", () => {
    const path = scratch();
    const { db, backup } = openDatabase(path);
    expect(version(db)).toBe(newest);
    expect(backup).toBeNull();
    db.close();
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test("a database of schema 1 opens with everything in it", () => {
    // Written by the first version that had a database: 3 events, 1 job, 1 run, 2 samples.
    const path = scratch();
    cpSync(fileURLToPath(new URL("fixtures/schema-1.sqlite", import.meta.url)), path);
    const before = verifyChain(path); // as a command does before any supervisor has brought it up to date
    expect(before).toMatchObject({ ok: true, count: 3 });
    const journal = openJournal(path);
    expect(journal.setAside).toBeNull();
    const copy = new Sqlite(journal.backup as string, { readonly: true });
    onTestFinished(() => void copy.close());
    expect(version(copy)).toBe(1);
    expect(verifyChain(journal.backup as string)).toEqual(before);
    expect(journal.tail(9).map((e) => [e.id, e.kind])).toEqual([
      [1, "supervisor.started"],
      [2, "pause.requested"],
      [3, "pause.completed"],
    ]);
    expect(journal.loadJobs().map((job) => job.name)).toEqual(["voice-train"]);
    expect([...readRuns(path)]).toMatchObject([{ id: "r1", how: "paused", step: 160 }]);
    // It recorded no device: every GPU was a place for jobs. Nor did it know of clusters and of programs by name.
    const unknown = { unavailable: "not recorded" };
    const asOnce = (one: Sample): Sample => ({
      ...one,
      machine: {
        ...one.machine,
        "process.running": unknown,
        "slurm.pendingOthers": unknown,
        "slurm.idleNodes": unknown,
        "slurm.othersPercent": unknown,
      },
      gpus: one.gpus.map((gpu) => ({ ...gpu, device: { runtime: "cuda", number: gpu.index } })),
    });
    expect([...readSamples(path)]).toEqual([asOnce(sample(at(0))), asOnce(sample(at(1)))]);
    expect(journal.append([event("goes on")], at(60))).toMatchObject({ ok: true, events: [{ id: 4 }] });
    expect(verifyChain(path)).toMatchObject({ ok: true, count: 4 });
    const done = upkeep(path, { ...RETENTION, eventsDays: 1 }, at(2 * 86_400).wallMs);
    expect(done).toMatchObject({ exported: 3 });
    expect(verifyChain(path)).toMatchObject({ ok: true, count: 1, exported: { files: 1, events: 3 } });
  });

  test("before an existing database is changed, a private copy is made", () => {
    const journal = openJournal();
    journal.append([event("kept")], at(0));
    journal.close();
    const more = migrationsWith({
      [`${number(newest + 1)}-more.sql`]: "CREATE TABLE more (x); INSERT INTO more VALUES (1);",
    });
    const { db, backup } = openDatabase(journal.path, { migrations: more, nowMs: START_MS });
    onTestFinished(() => void db.close());
    expect(version(db)).toBe(newest + 1);
    expect(db.prepare("SELECT x FROM more").pluck().get()).toBe(1);
    expect(backup).toBe(`${journal.path}.before-schema-${newest + 1}-20261123T080000Z`);
    expect(statSync(backup as string).mode & 0o777).toBe(0o600);
    const copy = new Sqlite(backup as string, { readonly: true });
    onTestFinished(() => void copy.close());
    expect(version(copy)).toBe(newest);
    expect(copy.prepare("SELECT reason FROM events").pluck().all()).toEqual(["kept"]);
  });

  test("a migration that fails leaves the schema before it, whole", () => {
    const journal = openJournal();
    journal.append([event("kept")], at(0));
    journal.close();
    const broken = migrationsWith({
      [`${number(newest + 1)}-good.sql`]: "CREATE TABLE good (x);",
      [`${number(newest + 2)}-broken.sql`]: "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);",
    });
    expect(() => openDatabase(journal.path, { migrations: broken })).toThrow(/nowhere/);
    const db = new Sqlite(journal.path);
    onTestFinished(() => void db.close());
    expect(version(db)).toBe(newest + 1);
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name IN ('good', 'half')").pluck().all()).toEqual(
      ["good"],
    );
  });

  test("numbers must have no gap and no double", () => {
    expect(() => listMigrations(migrationsWith({ [`${number(newest + 2)}-gap.sql`]: "" }))).toThrow(/number/);
    expect(() => listMigrations(migrationsWith({ "0001-again.sql": "" }))).toThrow(/number/);
  });

  test("running them again changes nothing", () => {
    const { db } = openDatabase(scratch());
    onTestFinished(() => void db.close());
    expect(migrate(db, START_MS)).toBeNull();
    expect(version(db)).toBe(newest);
  });
});
