import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { prepareStateDirectory } from "../../src/files/state-directory.ts";
import { givenState } from "../runs/given.ts";

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test("it is made with its parents, for its owner alone", () => {
  const state = join(givenState(), "a", "b");
  prepareStateDirectory(state);
  for (const path of [state, join(state, "jobs"), join(state, "logs"), join(state, "runs")])
    expect(modeOf(path)).toBe("700");
  prepareStateDirectory(state);
});

test("one of our own that others may enter is closed to them", () => {
  const state = join(givenState(), "open");
  mkdirSync(state);
  chmodSync(state, 0o777);
  prepareStateDirectory(state);
  expect(modeOf(state)).toBe("700");
});

test("links, files and other people's directories are refused in a sentence", () => {
  const folder = givenState();
  const link = join(folder, "link");
  symlinkSync(folder, link);
  expect(() => prepareStateDirectory(link)).toThrow(`${link} is a symbolic link`);
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => prepareStateDirectory(file)).toThrow(`${file} is not a directory`);
  expect(() => prepareStateDirectory(join(file, "below"))).toThrow(/can't be created: ENOTDIR/);
  rmSync(join(folder, "logs"), { recursive: true });
  symlinkSync("/tmp", join(folder, "logs"));
  expect(() => prepareStateDirectory(folder)).toThrow("logs is a symbolic link");
});

test.runIf(process.getuid?.() === 0)("another user's directory is refused", () => {
  const state = join(givenState(), "theirs");
  mkdirSync(state);
  chownSync(state, 65534, 65534);
  expect(() => prepareStateDirectory(state)).toThrow(/belongs to user 65534, not to you \(0\)/);
});
