/**
 * Covers: src/record/database/database-error.ts, src/record/database/open-read-only.ts,
 * src/record/database/unused-name.ts
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { DatabaseError } from "../../../src/record/database/database-error.ts";
import { openDatabase } from "../../../src/record/database/open.ts";
import { openReadOnly } from "../../../src/record/database/open-read-only.ts";
import { at, event, START_MS } from "../material.ts";
import { child, openJournal, scratch } from "../scratch.ts";

function open(path: string) {
  const opened = openDatabase(path, { nowMs: START_MS });
  onTestFinished(() => void opened.db.close());
  return opened;
}

function problem(path: string): DatabaseError {
  try {
    openDatabase(path).db.close();
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
  throw new Error("it was opened");
}

/** A closed database with so many events that it has pages of every kind. */
function filled(): string {
  const journal = openJournal();
  journal.append(
    Array.from({ length: 500 }, (_, i) => event(`event ${i} ${"x".repeat(200)}`)),
    at(0),
  );
  journal.close();
  return journal.path;
}

describe("opening the database", () => {
  test("makes it private, in WAL, without fsyncs of its own", () => {
    const path = join(dirname(scratch()), "new", "folders", "supervisor.sqlite");
    const { db, setAside } = open(path);
    const pragma = (name: string) => db.pragma(name, { simple: true });
    expect(setAside).toBeNull();
    expect(pragma("journal_mode")).toBe("wal");
    expect(pragma("synchronous")).toBe(1);
    expect(pragma("wal_autocheckpoint")).toBe(0);
    expect(pragma("recursive_triggers")).toBe(1);
    expect(pragma("busy_timeout")).toBeLessThanOrEqual(100);
    for (const suffix of ["", "-wal", "-shm"]) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  });

  test("takes away what others may read of an existing one", () => {
    const path = filled();
    chmodSync(path, 0o644);
    open(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test.each([
    ["its first page overwritten", (bytes: Buffer) => bytes.fill(0xa5, 0, 4096)],
    ["its header cut", (bytes: Buffer) => bytes.subarray(0, 50)],
    ["a tree page overwritten", (bytes: Buffer) => bytes.fill(0xa5, 4096 * 3, 4096 * 12)],
    ["its second half cut off", (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length / 8192) * 4096)],
  ])("a file with %s is set aside whole, and a new one is begun", (_, damage) => {
    const path = filled();
    const damaged = damage(readFileSync(path));
    writeFileSync(path, damaged);
    writeFileSync(`${path}-wal`, "no wal at all");
    const { db, setAside } = open(path);
    expect(setAside).toBe(`${path}.corrupt-20261123T080000Z`);
    expect(readFileSync(setAside as string)).toEqual(damaged);
    expect(db.prepare("SELECT count(*) FROM events").pluck().get()).toBe(0);
  });

  test("so is a big one, too big to check whole, that could be read but not continued", () => {
    const journal = openJournal();
    for (let i = 0; i < 40; i++) journal.append([event("x".repeat(1024 * 1024))], at(i));
    journal.close();
    const { path } = journal;
    const db = new Sqlite(path);
    const page = db
      .prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'events_kind'")
      .pluck()
      .get() as number;
    db.close();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xa5, (page - 1) * 4096, page * 4096));
    expect(open(path).setAside).not.toBeNull();
  });

  test("a second corrupt file doesn't overwrite the first", () => {
    const path = scratch();
    for (const text of ["first ", "second "]) {
      writeFileSync(path, text.repeat(1000));
      openDatabase(path, { nowMs: START_MS }).db.close();
    }
    const aside = readdirSync(dirname(path))
      .filter((name) => name.includes(".corrupt-"))
      .sort();
    expect(aside).toEqual([
      `${basename(path)}.corrupt-20261123T080000Z`,
      `${basename(path)}.corrupt-20261123T080000Z.2`,
    ]);
    expect(readFileSync(join(dirname(path), aside[0] as string), "utf8")).toMatch(/^first/);
  });

  test("a whole file is not set aside, with or without a WAL left by a killed writer", async () => {
    const path = scratch();
    const writer = child("record-writer.ts", path);
    while (Number(await writer.line()) < 50);
    await writer.kill("SIGKILL");
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    const { db, setAside } = open(path);
    expect(setAside).toBeNull();
    expect(db.prepare("SELECT count(*) FROM events").pluck().get()).toBeGreaterThanOrEqual(50);
  });

  test("a newer schema is refused for writing and reading, and left as it is", () => {
    const path = filled();
    const db = new Sqlite(path);
    db.pragma("user_version = 999");
    db.close();
    const before = readFileSync(path);
    const error = problem(path);
    expect(error.code).toBe("newer-schema");
    expect(error.message).toMatch(/schema 999.*Update this program/s);
    expect(() => openReadOnly(path)).toThrow(/newer version/);
    expect(readFileSync(path)).toEqual(before);
  });

  test("another program's database is refused, and left as it is", () => {
    const path = scratch();
    const db = new Sqlite(path);
    db.exec("CREATE TABLE bookmarks (url TEXT)");
    db.close();
    const before = readFileSync(path);
    expect(problem(path).code).toBe("foreign");
    expect(() => openReadOnly(path)).toThrow(/not an audit database/);
    expect(readFileSync(path)).toEqual(before);
  });

  test("a folder in its place, or a file where its folder should be, is said with the fix", () => {
    const folder = scratch();
    mkdirSync(folder);
    expect(problem(folder)).toMatchObject({ code: "unwritable" });
    const file = join(folder, "file");
    writeFileSync(file, "");
    const error = problem(join(file, "supervisor.sqlite"));
    expect(error.code).toBe("unwritable");
    expect(error.message).toContain('set "database" to another file');
  });

  test("starts beside a program that holds the write lock", async () => {
    const path = filled();
    const locker = child("record-locker.ts", path);
    expect(await locker.line()).toBe("locked");
    expect(open(path).setAside).toBeNull();
    expect(existsSync(path)).toBe(true);
  });
});
