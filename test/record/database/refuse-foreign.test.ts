import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { holdLock } from "../../../src/record/database/lock.ts";
import { openDatabase } from "../../../src/record/database/open.ts";
import { root, testWith } from "../../needs.ts";
import { child, openJournal, scratch } from "../scratch.ts";

const NOBODY = 65534;
/** Both doors to the database: the lock is the first, and a program may come by the second alone. */
const doors = {
  lock: (path: string) => holdLock(path, { config: null, socket: null }).release(),
  open: (path: string) => openDatabase(path).db.close(),
};

describe.each(Object.entries(doors))("by way of %s", (_, enter) => {
  testWith(root)(
    "a link that somebody else has laid out is refused, and what it leads to is not touched",
    () => {
      const path = scratch();
      const target = join(dirname(path), "target");
      for (const there of [false, true]) {
        if (there) writeFileSync(target, "precious");
        symlinkSync(target, path);
        lchownSync(path, NOBODY, NOBODY);
        expect(() => enter(path)).toThrow(
          `The database ${path} isn't safely yours: ${path} is a symbolic link that belongs to user ${NOBODY}, not to you (0). Set "database" to a file in a folder of your own.`,
        );
        rmSync(path);
      }
      expect(readFileSync(target, "utf8")).toBe("precious");
    },
  );

  testWith(root).each(["", "-wal", "-shm", ".lock", ".lock.json"])(
    "a file supervisor.sqlite%s of somebody else is refused: its jobs would run as us",
    (suffix) => {
      const path = scratch();
      writeFileSync(path + suffix, "");
      chownSync(path + suffix, NOBODY, NOBODY);
      expect(() => enter(path)).toThrow(`${path}${suffix} belongs to user ${NOBODY}, not to you (0).`);
    },
  );

  test("a folder that every user may write into is refused, sticky or not", () => {
    const path = scratch();
    for (const mode of [0o777, 0o1777]) {
      chmodSync(dirname(path), mode);
      expect(() => enter(path)).toThrow(`every user may write into its folder ${dirname(path)}.`);
    }
  });

  test("a link of our own leads to our file, but not into a folder that is open to all", () => {
    const journal = openJournal();
    const { path } = journal;
    journal.close();
    const link = join(dirname(path), "link");
    symlinkSync(path, link);
    enter(link);
    const open = join(dirname(path), "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    renameSync(path, join(open, "moved"));
    rmSync(link);
    symlinkSync(join(open, "moved"), link);
    expect(() => enter(link)).toThrow(`every user may write into its folder ${open}.`);
  });
});

testWith(root)("a folder of somebody else is refused, unless we are root", async () => {
  const path = scratch();
  chownSync(dirname(path), NOBODY - 1, NOBODY - 1);
  chmodSync(dirname(path), 0o755);
  doors.lock(path);
  const theirs = child("record-foreign.ts", path, String(NOBODY));
  expect(await theirs.line()).toBe(
    `The database ${path} isn't safely yours: its folder ${dirname(path)} belongs to user ${NOBODY - 1}, not to you (${NOBODY}). Set "database" to a file in a folder of your own.`,
  );
});
