import { readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder } from "../../src/files/make-folder.ts";
import { givenState } from "../runs/given.ts";

test("makes what is missing, and nothing where nothing is", () => {
  const base = givenState();
  makeFolder(join(base, "x", "y"), 0o750);
  for (const folder of ["x", "x/y"]) expect(statSync(join(base, folder)).mode & 0o777).toBe(0o750);
  makeFolder(join(base, "x", "y"));
  symlinkSync(join(base, "x"), join(base, "to-x"));
  makeFolder(join(base, "to-x", "z"));
  expect(statSync(join(base, "x", "z")).isDirectory()).toBe(true);
});

test("what can't be made ends with the system's reason", () => {
  const base = givenState();
  writeFileSync(join(base, "file"), "");
  symlinkSync(join(base, "nowhere"), join(base, "dangling"));
  expect(() => makeFolder(join(base, "file"))).toThrow("EEXIST");
  expect(() => makeFolder(join(base, "file", "below"))).toThrow("ENOTDIR");
  expect(() => makeFolder(join(base, "dangling"))).toThrow("EEXIST");
  // Here Node's recursive mkdir tries for ever.
  expect(() => makeFolder(`/proc/${process.pid}/a/b/c`)).toThrow("ENOENT");
  expect(() => makeFolder("/proc/sys/kernel/a/b")).toThrow(/EACCES|EPERM|ENOENT/);
  rmSync(join(base, "dangling"));
  expect(readFileSync(join(base, "file"), "utf8")).toBe("");
});
