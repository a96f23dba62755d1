/**
 * Without a home, with one that can't be used, and in a folder that was deleted: commands work, or say in a
 * sentence what to do. Covers: src/cli/main.ts
 */
import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root, testWith } from "../needs.ts";
import { RealSupervisor } from "../scenarios/real-supervisor.ts";

const BIN = resolve(import.meta.dirname, "../../dist/bin.js");
/** Of no user in any list. */
const NOBODY_KNOWN = 63_217;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "no-home-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Where {
  env?: NodeJS.ProcessEnv;
  uid?: number;
  /** Deletes the folder before the command begins. */
  deleted?: boolean;
}

function say(args: string[], { env = {}, uid, deleted = false }: Where = {}) {
  const here = join(directory, "here");
  mkdirSync(here, { recursive: true });
  const script = deleted ? 'rmdir "$PWD" && exec "$@"' : 'exec "$@"';
  const done = spawnSync("/bin/sh", ["-c", script, "sh", process.execPath, BIN, ...args], {
    cwd: here,
    env: { PATH: process.env.PATH, ...env },
    ...(uid !== undefined && { uid, gid: uid }),
    encoding: "utf8",
    timeout: 60_000,
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

test.each([
  ["status"],
  ["start", "--headless"],
  ["run", "--", "true"],
  ["check"],
  ["init"],
  ["audit"],
  ["stop"],
])("%s in a deleted folder says so, with the fix", (...args) => {
  const { code, err } = say(args, { deleted: true });
  expect(err).toMatch(/^The folder that you are in has been deleted\. Go to another one .*--config/);
  expect(err.trim().split("\n")).toHaveLength(1);
  expect(code).toBe(2);
});

test("in a deleted folder, with --config by its absolute path, everything works", async () => {
  const supervisor = new RealSupervisor({ jobs: [] });
  try {
    for (const named of [["--config", supervisor.configFile], [`--config=${supervisor.configFile}`]]) {
      expect(say(["check", ...named], { deleted: true })).toMatchObject({ code: 0, err: "" });
      expect(say(["status", ...named], { deleted: true })).toMatchObject({ code: 3 });
    }
    const named = ["--config", supervisor.configFile];
    const env = { GPU_JOB_SUPERVISOR_LOCKS: join(directory, "locks") };
    expect(say(["start", "--detach", ...named], { deleted: true, env })).toMatchObject({ code: 0 });
    expect(say(["status", ...named], { deleted: true })).toMatchObject({ code: 0 });
    expect(say(["run", ...named, "--", "true"], { deleted: true })).toMatchObject({ code: 2 });
    expect(say(["stop", ...named], { deleted: true })).toMatchObject({ code: 0 });
  } finally {
    await supervisor.close();
  }
});

test.each([
  ["below /proc", `/proc/${process.pid}/none`],
  ["below a file", join(BIN, "none")],
])("a home %s: no loop, a sentence with the fix, exit 2", (_, HOME) => {
  for (const args of [
    ["start", "--headless"],
    ["start", "--detach"],
  ]) {
    const { code, err } = say(args, { env: { HOME } });
    expect(err).toMatch(/^The state directory .* can't be created: .*Set HOME .*or "stateDirectory"/);
    expect(code).toBe(2);
  }
  expect(say(["status"], { env: { HOME } })).toMatchObject({ code: 3 });
});

testWith(root)("a user who is in no list and has no HOME: a sentence with the fix, or a config", () => {
  for (const args of [
    ["status"],
    ["start", "--headless"],
    ["start", "--detach"],
    ["check"],
    ["audit"],
    ["run", "--", "true"],
  ]) {
    const { code, err } = say(args, { uid: NOBODY_KNOWN });
    expect(err).toContain(`You (uid ${NOBODY_KNOWN}) have no home directory`);
    expect(err).not.toContain("    at ");
    expect(code).toBe(2);
  }
  const place = join(directory, "place");
  mkdirSync(place);
  const config = join(place, "c.json");
  writeFileSync(config, JSON.stringify({ stateDirectory: join(place, "state"), jobs: [], rules: [] }));
  for (const path of [directory, place]) chownSync(path, NOBODY_KNOWN, NOBODY_KNOWN);
  const mine = { uid: NOBODY_KNOWN };
  const named = ["--config", config];
  expect(say(["start", "--detach", ...named], mine)).toMatchObject({ code: 0, err: "" });
  try {
    expect(say(["status", ...named], mine)).toMatchObject({ code: 0 });
    expect(existsSync(join(place, "state", "supervisor.sqlite"))).toBe(true);
    expect(say(["start", "--headless", ...named], mine).err).toMatch(/running|held/);
    expect(say(["doctor", ...named], mine)).toMatchObject({
      code: 0,
      out: expect.stringContaining("this user has no home folder"),
    });
  } finally {
    expect(say(["stop", ...named], mine)).toMatchObject({ code: 0 });
  }
});
