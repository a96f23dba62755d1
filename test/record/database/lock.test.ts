import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { HeldError, holdLock, readHolder } from "../../../src/record/database/lock.ts";
import { child, openJournal, scratch } from "../scratch.ts";

const NOTE = { config: "/home/ana/supervisor.config.json", socket: null };

function heldError(path: string): HeldError {
  try {
    holdLock(path, NOTE).release();
  } catch (error) {
    if (error instanceof HeldError) return error;
    throw error;
  }
  throw new Error("the lock was free");
}

describe("one supervisor per database", () => {
  test("a second one is told who has it, by process, user and config", async () => {
    const path = scratch();
    const other = child("record-holder.ts", path, "/home/bob/his.config.json");
    expect(await other.line()).toBe("held");
    const error = heldError(path);
    expect(error.code).toBe("held");
    expect(error.holder).toMatchObject({
      pid: other.process.pid,
      user: userInfo().username,
      config: "/home/bob/his.config.json",
      socket: "/run/supervisor.sock",
    });
    expect(error.message).toContain(`pid ${other.process.pid}`);
    expect(error.message).toContain("/home/bob/his.config.json");
  });

  test("after a SIGKILL of its holder it can be taken at once", async () => {
    const path = scratch();
    const other = child("record-holder.ts", path, "c");
    await other.line();
    await other.kill("SIGKILL");
    expect(existsSync(`${path}.lock.json`)).toBe(true); // its note is stale
    const lock = holdLock(path, NOTE);
    expect(readHolder(path)).toEqual(lock.holder);
    expect(lock.holder.pid).toBe(process.pid);
    lock.release();
  });

  test("the lock is the database's, whatever it is called", () => {
    const path = scratch();
    openJournal(path);
    const lock = holdLock(path, NOTE);
    const linked = join(dirname(path), "linked");
    mkdirSync(linked);
    symlinkSync(path, join(linked, "other.sqlite"));
    expect(heldError(join(linked, "other.sqlite")).holder?.pid).toBe(process.pid);
    expect(heldError(join(linked, "..", "supervisor.sqlite")).holder?.pid).toBe(process.pid);
    lock.release();
    holdLock(path, NOTE).release();
  });

  test("is held while the database is opened, written, read and closed", () => {
    const path = scratch();
    const lock = holdLock(path, NOTE);
    const journal = openJournal(path);
    journal.close();
    expect(heldError(path).holder?.pid).toBe(process.pid);
    lock.release();
    lock.release();
    expect(readHolder(path)).toBeNull();
  });

  test("files are private, and a broken note doesn't matter", async () => {
    const path = join(scratch(), "new folder", "supervisor.sqlite");
    const lock = holdLock(path, NOTE);
    for (const name of [`${path}.lock`, `${path}.lock.json`]) expect(statSync(name).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(`${path}.lock.json`, "utf8"))).toEqual(lock.holder);
    writeFileSync(`${path}.lock.json`, "{");
    const error = heldError(path);
    expect(error.holder).toBeNull();
    expect(error.message).toContain("held by another supervisor");
    lock.release();
  });

  test("a folder that can't be made is said, with the fix", () => {
    const file = scratch();
    writeFileSync(file, "");
    expect(() => holdLock(join(file, "supervisor.sqlite"), NOTE)).toThrow(/can't be taken.*set "database"/s);
  });
});
