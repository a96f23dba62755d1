/** Covers: src/config/find.ts */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findConfig } from "../../src/config/find.ts";
import { loadConfig } from "../../src/config/load.ts";
import { readPlaces } from "../../src/config/places.ts";
import { root, testWith } from "../needs.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "places-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

it("places read without checking are those of the checked config", () => {
  const path = join(directory, "c.json");
  for (const text of [
    "{}",
    '{"database":"a/b.sqlite"}',
    '{ // c\n "stateDirectory": "s", }',
    '{"stateDirectory":"/s","database":"/d"}',
  ]) {
    writeFileSync(path, text);
    const loaded = loadConfig(path);
    if (!loaded.ok) throw new Error("valid");
    const { file, project, directory: base, stateDirectory, database } = loaded.config;
    expect(readPlaces(path)).toEqual({ file, project, directory: base, stateDirectory, database });
  }
});

it("a file that an edit has broken still leads to its supervisor", () => {
  const path = join(directory, "c.json");
  writeFileSync(path, '{ "stateDirectory": "s", "jobs": [ { "name": }');
  expect(readPlaces(path).stateDirectory).toBe(join(directory, "s"));
  expect(readPlaces(join(directory, "gone.json")).database).toMatch(
    /gpu-job-supervisor\/projects\/places-[^/]+\/supervisor\.sqlite$/,
  );
});

it("each config has a place of its own, whatever path it is given by; none, or the user's, the common one", () => {
  const home = join(directory, "gpu-job-supervisor");
  for (const folder of ["one", "two"]) {
    mkdirSync(join(directory, folder));
    writeFileSync(join(directory, folder, "c.json"), "{}");
  }
  const at = (...parts: string[]): string => readPlaces(join(directory, ...parts)).stateDirectory;
  expect(at("one", "c.json")).not.toBe(at("two", "c.json"));
  symlinkSync(join(directory, "one"), join(directory, "link"));
  symlinkSync(join(directory, "one", "c.json"), join(directory, "d.json"));
  expect(
    new Set([at("one", "c.json"), at("link", "c.json"), at("d.json"), at("two", "..", "one", "c.json")]).size,
  ).toBe(1);
  rmSync(join(directory, "one", "c.json"));
  expect(at("link", "c.json")).toBe(at("one", "c.json"));
  const before = process.env.XDG_CONFIG_HOME;
  try {
    process.env.XDG_CONFIG_HOME = directory;
    mkdirSync(home);
    writeFileSync(join(home, "supervisor.config.json"), "{}");
    expect(at("gpu-job-supervisor", "supervisor.config.json")).toBe(readPlaces(null).stateDirectory);
  } finally {
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
  }
});

it("the config is the one that was asked for, else that of the user's, else none", () => {
  expect(findConfig("x.json", {})).toBe(resolve("x.json"));
  // This folder has one of its own.
  expect(findConfig(undefined, { XDG_CONFIG_HOME: directory })).toBe(resolve("supervisor.config.json"));
  const before = process.cwd();
  process.chdir(directory);
  try {
    expect(findConfig(undefined, { XDG_CONFIG_HOME: directory })).toBe(null);
    const own = join(directory, "gpu-job-supervisor", "supervisor.config.json");
    mkdirSync(join(directory, "gpu-job-supervisor"));
    writeFileSync(own, "{}");
    expect(findConfig(undefined, { XDG_CONFIG_HOME: directory })).toBe(own);
  } finally {
    process.chdir(before);
  }
});

testWith(root)(
  "one that can't be looked at is no reason to take the next, unless somebody else shuts it away",
  () => {
    const another = 65_534;
    const own = join(directory, "gpu-job-supervisor", "supervisor.config.json");
    mkdirSync(join(directory, "gpu-job-supervisor"));
    writeFileSync(own, "{}");
    for (let above = directory; above !== tmpdir(); above = dirname(above)) chmodSync(above, 0o755);
    const [mine, others] = [join(directory, "mine"), join(directory, "others")];
    for (const folder of [mine, others]) mkdirSync(join(folder, "in"), { recursive: true });
    chownSync(mine, another, another);
    chmodSync(mine, 0o600);
    chmodSync(others, 0o700);
    const foundIn = (folder: string): string | null => {
      process.chdir(folder);
      process.seteuid?.(another);
      try {
        return findConfig(undefined, { XDG_CONFIG_HOME: directory });
      } finally {
        process.seteuid?.(0);
      }
    };
    const before = process.cwd();
    try {
      for (const folder of [mine, join(mine, "in")])
        expect(() => foundIn(folder)).toThrow(
          `Whether ${join(folder, "supervisor.config.json")} is there can't be told (EACCES)`,
        );
      for (const folder of [others, join(others, "in")]) expect(foundIn(folder)).toBe(own);
    } finally {
      process.chdir(before);
    }
  },
);
