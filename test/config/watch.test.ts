/** Covers: src/config/check/check-apart.ts, src/config/check/check-child.ts, src/own-files.ts */
import { linkSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Loaded } from "../../src/config/load.ts";
import { watchConfig } from "../../src/config/watch.ts";
import { untilHolds } from "../until.ts";

let directory: string;
let path: string;
let seen: Loaded[];
let unwatch: () => void;

const config = (pollSeconds: number) => `{ "pollSeconds": ${pollSeconds} }`;
const last = () => {
  const loaded = seen.at(-1);
  return loaded?.ok ? loaded.config.pollSeconds : loaded?.problems[0]?.message;
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "watch-"));
  path = join(directory, "c.json");
  writeFileSync(path, config(1));
  seen = [];
  unwatch = () => {};
});
afterEach(() => {
  unwatch();
  rmSync(directory, { recursive: true });
});
const watchIt = (lookEveryMs?: number) => {
  const watch = watchConfig(path, (loaded) => seen.push(loaded), lookEveryMs);
  unwatch = () => watch.stop();
  return watch;
};

it("tells a change in place, and one by a rename as editors do it, each once", async () => {
  watchIt(3_600_000);
  writeFileSync(path, config(2));
  await untilHolds(() => expect(last()).toBe(2));
  writeFileSync(join(directory, "c.json.new"), config(3));
  renameSync(join(directory, "c.json.new"), path);
  await untilHolds(() => expect(last()).toBe(3));
  // The file watched now is another one than at the start.
  writeFileSync(path, config(4));
  await untilHolds(() => expect(last()).toBe(4));
  expect(seen).toHaveLength(3);
});

it("survives an editor that moves the old file away first", async () => {
  watchIt(3_600_000);
  renameSync(path, `${path}~`);
  linkSync(`${path}~`, join(directory, "other"));
  writeFileSync(path, config(5));
  await untilHolds(() => expect(last()).toBe(5));
  expect(seen).toHaveLength(1);
});

it("tells of a file that can't be looked at, and of its return", async () => {
  watchIt(50);
  unlinkSync(path);
  symlinkSync("c.json", path);
  await untilHolds(() => expect(last()).toContain("can't be read: ELOOP"));
  unlinkSync(path);
  writeFileSync(path, config(7));
  await untilHolds(() => expect(last()).toBe(7));
});

it("sees by looking what no event tells: a change behind a link", async () => {
  const real = mkdtempSync(join(tmpdir(), "watch-real-"));
  try {
    writeFileSync(join(real, "r.json"), config(1));
    unlinkSync(path);
    symlinkSync(join(real, "r.json"), path);
    watchIt(50);
    writeFileSync(join(real, "r.json"), config(6));
    await untilHolds(() => expect(last()).toBe(6));
  } finally {
    rmSync(real, { recursive: true });
  }
});

it("tells problems of a bad edit, and the file that stays away, once", async () => {
  watchIt(50);
  writeFileSync(path, '{ "pollSeconds": "1s" }');
  await untilHolds(() =>
    expect(last()).toBe('pollSeconds must be a number from 0.1 to 60, got "1s". Write 1.'),
  );
  unlinkSync(path);
  await untilHolds(() => expect(last()).toMatch(/does not exist/));
  writeFileSync(path, config(7));
  await untilHolds(() => expect(last()).toBe(7));
  expect(seen).toHaveLength(3);
});

it("is silent about a file that was only touched, and after it was stopped", async () => {
  watchIt(50);
  writeFileSync(path, config(1));
  writeFileSync(join(directory, "other.json"), config(9));
  writeFileSync(path, config(8));
  await untilHolds(() => expect(last()).toBe(8));
  expect(seen).toHaveLength(1);
  unwatch();
  writeFileSync(path, config(9));
  const second: Loaded[] = [];
  const other = watchConfig(path, (loaded) => second.push(loaded), 50);
  writeFileSync(path, config(10));
  await untilHolds(() => expect(second).toHaveLength(1));
  other.stop();
  expect(seen).toHaveLength(1);
});

it("reads at once for whoever has just written it, and tells what came of it", async () => {
  const watch = watchIt(3_600_000);
  expect(await watch.readNow()).toBeNull();
  writeFileSync(path, config(2));
  expect(await watch.readNow()).toMatchObject({ ok: true, config: { pollSeconds: 2 } });
  expect(last()).toBe(2);
  // It was read before, by whichever look: its outcome stays the answer.
  expect(await watch.readNow()).toMatchObject({ ok: true, config: { pollSeconds: 2 } });
  writeFileSync(path, '{ "pollSeconds": "1s" }');
  expect(await watch.readNow()).toMatchObject({ ok: false });
  unlinkSync(path);
  expect(await watch.readNow()).toMatchObject({ ok: false, problems: [{ path: "pollSeconds" }] });
  expect(seen).toHaveLength(2);
});
