/** Covers: src/record/database/held-file.ts, src/record/database/noted-lock.ts */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { HeldError, holdLock, holdStateDirectory, readHolder } from "../../../src/record/database/lock.ts";
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

describe("a lock whose file is removed or replaced while it is held", () => {
  test.each([
    ["removed", (lock: string) => rmSync(lock)],
    [
      "replaced",
      (lock: string) => {
        rmSync(lock);
        writeFileSync(lock, "");
      },
    ],
    ["removed with its folder", (lock: string) => rmSync(dirname(lock), { recursive: true })],
  ])("%s: it is taken again", (_, lose) => {
    const path = join(scratch(), "db", "supervisor.sqlite");
    const lock = holdLock(path, NOTE);
    expect(lock.look()).toEqual(["as it was"]);
    lose(`${path}.lock`);
    expect(lock.look()).toEqual([{ again: `the lock ${path}.lock` }]);
    expect(heldError(path).holder).toEqual(lock.holder);
    expect(lock.look()).toEqual(["as it was"]);
    lock.release();
    holdLock(path, NOTE).release();
  });

  test("taken by another supervisor meanwhile: that is said, and its note stays", async () => {
    const path = scratch();
    const lock = holdLock(path, NOTE);
    rmSync(`${path}.lock`);
    const other = child("record-holder.ts", path, "/srv/other.json");
    expect(await other.line()).toBe("held");
    expect(lock.look()).toEqual([{ problem: expect.stringContaining(`pid ${other.process.pid}`) }]);
    lock.release();
    expect(readHolder(path)?.pid).toBe(other.process.pid);
    await other.kill("SIGKILL");
  });
});

describe("one supervisor per state directory", () => {
  const given = () => {
    const folder = dirname(scratch());
    const state = join(folder, "state");
    mkdirSync(state);
    return { folder, state, folders: [join(folder, "a"), join(folder, "b", "c")] };
  };
  const hold = (state: string, folders: string[]) => () => holdStateDirectory(state, folders, NOTE);

  test("by whatever name it is reached, and after all that is in it was removed", () => {
    const { folder, state, folders } = given();
    const lock = hold(state, folders)();
    symlinkSync(folder, join(folder, "alias"));
    rmSync(state, { recursive: true });
    mkdirSync(state);
    for (const name of [state, join(folder, "alias", "state")])
      expect(hold(name, folders)).toThrow(`${name} is held by the supervisor with pid ${process.pid}`);
    expect(hold(given().state, folders)).not.toThrow();
    lock.release();
    hold(state, folders)().release();
    expect(folders.flatMap((one) => readdirSync(one)).filter((name) => !name.startsWith("."))).toHaveLength(
      2 * 2,
    );
  });

  test("as long as one of the folders keeps its lock", () => {
    const { state, folders } = given();
    const lock = hold(state, folders)();
    rmSync(folders[0] as string, { recursive: true });
    expect(hold(state, folders)).toThrow("is held by");
    expect(lock.look()).toEqual([{ again: expect.stringContaining(`${folders[0]}/`) }, "as it was"]);
    rmSync(folders[1] as string, { recursive: true });
    expect(hold(state, folders)).toThrow("is held by");
    lock.release();
  });

  test("a folder that others can write to, or that is none, doesn't count; without any that is said", () => {
    const { folder, state } = given();
    const open = join(folder, "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    const file = join(folder, "file");
    writeFileSync(file, "");
    const lock = hold(state, [open, file, join(file, "below")])();
    expect(lock.look()).toEqual([
      { problem: `${open} isn't a folder of yours alone` },
      { problem: expect.stringContaining(file) },
      { problem: expect.stringContaining(file) },
    ]);
    expect(readdirSync(open)).toEqual([]);
    chmodSync(open, 0o700);
    expect(lock.look()).toEqual(["as it was"]);
    expect(hold(state, [open])).toThrow("is held by");
    lock.release();
  });

  test("a file that is removed just as it is taken isn't held: the one of its name is", () => {
    const { folder, state } = given();
    const place = join(folder, "place");
    const first = hold(state, [place])();
    const [name = ""] = readdirSync(place).filter((one) => one.endsWith(".lock"));
    renameSync(join(place, name), join(place, "aside"));
    const second = hold(state, [place]);
    second().release();
    first.release();
    expect(existsSync(join(place, "aside"))).toBe(true);
  });
});
