/**
 * Claims as they are written: by a user who is nobody special, into a folder that all may write into.
 * Covers: src/claims/publish-file.ts, src/claims/claim-file.ts
 */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { claimFileName } from "../../src/claims/claim-file.ts";
import { ClaimFiles, claimantOf } from "../../src/claims/publish-claims.ts";
import type { OwnClaim } from "../../src/ports/claims.ts";
import { readStat } from "../../src/sense/proc/process.ts";
import { describeWith, root } from "../needs.ts";
import { until } from "../until.ts";

const BOB = 1001;
const EVE = 1002;
const STATE = "/home/bob/state";

let home: string;
let directory: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "supervisor-claims-"));
  chmodSync(home, 0o755);
  directory = join(home, "claims");
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(home, { recursive: true, force: true });
});

const claim = (more: Partial<OwnClaim> = {}): OwnClaim => ({
  job: "asr",
  gpus: ["GPU-1"],
  holds: true,
  sinceMs: 1,
  readyMs: null,
  ...more,
});
/** A claim of this process. */
const nameOf = (claimant: string, job: string): string =>
  claimFileName(`${claimant}-${job}`, {
    pid: process.pid,
    startTime: readStat(process.pid)?.startTime ?? null,
  });
const read = (name: string) => JSON.parse(readFileSync(join(directory, name), "utf8"));

it("are one file for each job, there as long as it is told of, readable by all", () => {
  const claims = new ClaimFiles(STATE, () => ({ launcherPid: process.pid, pid: null }), [directory]);
  claims.publish([claim(), claim({ job: "tts", gpus: [], holds: false })]);
  expect(readdirSync(directory)).toEqual(["asr", "tts"].map((job) => nameOf(claimantOf(STATE), job)));
  const [asr = ""] = readdirSync(directory);
  expect(lstatSync(join(directory, asr)).mode & 0o777).toBe(0o644);
  expect(lstatSync(directory).mode & 0o7777).toBe(0o1777);
  expect(read(asr)).toMatchObject({ job: "asr", gpus: ["GPU-1"], holds: true, pids: [{ pid: process.pid }] });
  claims.publish([claim()]);
  expect(readdirSync(directory)).toEqual([asr]);
  // Who waits leaves the line with its supervisor; who holds stays for as long as its job lives.
  claims.publish([claim(), claim({ job: "tts", holds: false })]);
  claims.close();
  expect(readdirSync(directory)).toEqual([asr]);
});

it("are taken by the first; a later rival for the same GPU steps back into the line", () => {
  const pids = () => ({ launcherPid: process.pid, pid: null });
  const first = new ClaimFiles(STATE, pids, [directory]);
  const rival = new ClaimFiles("/home/bob/other", pids, [directory]);
  expect(first.take(claim())).toBeNull();
  expect(rival.take(claim({ job: "tts", gpus: ["GPU-2"] }))).toBeNull();
  expect(rival.take(claim({ job: "llm", sinceMs: 2 }))).toMatchObject({ job: "asr", gpus: ["GPU-1"] });
  expect(read(nameOf(rival.claimant, "llm"))).toMatchObject({ holds: false, readyMs: 2 });
  expect(read(nameOf(first.claimant, "asr"))).toMatchObject({ holds: true });
});

it("are written again only when there is something new to say", () => {
  let pid: number | null = null;
  const claims = new ClaimFiles(STATE, () => ({ launcherPid: process.pid, pid }), [directory]);
  claims.publish([claim()]);
  const [name = ""] = readdirSync(directory);
  const inode = (): number => lstatSync(join(directory, name)).ino;
  const first = inode();
  claims.publish([claim()]);
  expect(inode()).toBe(first);
  pid = process.ppid;
  claims.publish([claim()]);
  expect(inode()).not.toBe(first);
  expect(read(name).pids).toMatchObject([{ pid: process.pid }, { pid: process.ppid }]);
});

it("are made young once a minute, and written again where a sweep has removed them or another has taken their place", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const claims = new ClaimFiles(STATE, () => ({ launcherPid: process.pid, pid: null }), [directory]);
  const later = (): void => {
    vi.advanceTimersByTime(61_000);
    claims.publish([claim()]);
  };
  claims.publish([claim()]);
  const path = join(directory, nameOf(claimantOf(STATE), "asr"));
  const { ino } = lstatSync(path);
  utimesSync(path, 1, 1);
  claims.publish([claim()]);
  expect(lstatSync(path).mtimeMs).toBe(1000);
  later();
  expect(lstatSync(path).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
  expect(lstatSync(path).ino).toBe(ino);
  rmSync(path);
  later();
  expect(read(nameOf(claimantOf(STATE), "asr"))).toMatchObject({ job: "asr" });
  const other = join(home, "other");
  writeFileSync(other, "other");
  renameSync(other, path);
  later();
  expect(read(nameOf(claimantOf(STATE), "asr"))).toMatchObject({ job: "asr" });
  rmSync(path);
  symlinkSync(other, path);
  later();
  expect(existsSync(other)).toBe(false);
  expect(lstatSync(path).isSymbolicLink()).toBe(false);
});

it("are written into the next folder where something else stands in a folder's place, which is left as it is", () => {
  const other = join(home, "other");
  const claims = new ClaimFiles(STATE, () => ({ launcherPid: process.pid, pid: null }), [directory, other]);
  writeFileSync(directory, "precious");
  claims.publish([claim()]);
  expect(readdirSync(other)).toEqual([nameOf(claimantOf(STATE), "asr")]);
  expect(readFileSync(directory, "utf8")).toBe("precious");
  expect(claims.problem).toBeNull();
});

it("replace a link that was laid out under their name, and don't follow it", () => {
  const claims = new ClaimFiles(STATE, () => ({ launcherPid: process.pid, pid: null }), [directory]);
  mkdirSync(directory);
  const precious = join(home, "precious");
  writeFileSync(precious, "precious");
  const name = nameOf(claimantOf(STATE), "asr");
  symlinkSync(precious, join(directory, name));
  claims.publish([claim()]);
  expect(readFileSync(precious, "utf8")).toBe("precious");
  expect(read(name)).toMatchObject({ job: "asr" });
});

describeWith(root)("as a user", () => {
  const program = join(import.meta.dirname, "../children/act-claim.ts");
  const publish = (): { claimant: string; problem: string | null } => {
    const user = { uid: BOB, gid: BOB };
    const { stdout, stderr } = spawnSync(process.execPath, [program, directory, STATE], {
      ...user,
      encoding: "utf8",
    });
    if (!stdout) throw new Error(stderr);
    return JSON.parse(stdout);
  };

  it("of whom nobody else can remove or change anything", () => {
    mkdirSync(directory);
    chmodSync(directory, 0o1777);
    expect(publish().problem).toBeNull();
    const [name = ""] = readdirSync(directory);
    const path = join(directory, name);
    expect(lstatSync(path).uid).toBe(BOB);
    const attack = `rm -f '${path}'; echo x >> '${path}'; mv '${path}' '${path}.gone'; true`;
    spawnSync("/bin/sh", ["-c", attack], { uid: EVE, gid: EVE });
    expect(readdirSync(directory)).toEqual([name]);
    expect(read(name)).toMatchObject({ job: "asr" });
  });

  it("whose name somebody else has taken it says so, and leaves the other's file alone", async () => {
    mkdirSync(directory);
    chmodSync(directory, 0o1777);
    const child = spawn(process.execPath, [program, directory, STATE, "again"], { uid: BOB, gid: BOB });
    const said: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => said.push(line));
    await until("its claim", () => said.length === 1);
    const [name = ""] = readdirSync(directory);
    const path = join(directory, name);
    rmSync(path);
    writeFileSync(path, "squatted");
    chownSync(path, EVE, EVE);
    child.stdin.end("again\n");
    await until("its second claim", () => said.length === 2);
    expect(JSON.parse(said[1] ?? "").problem).toMatch(/EPERM|EACCES/);
    expect(readFileSync(path, "utf8")).toBe("squatted");
    expect(readdirSync(directory)).toEqual([name]);
  });

  it("leaves what another has laid out under its supervisor's names, and removes its own of an earlier life", () => {
    mkdirSync(directory);
    chmodSync(directory, 0o1777);
    const { claimant } = publish();
    const [earlier = ""] = readdirSync(directory);
    for (const [name, uid] of [
      ["another", EVE],
      ["tts.7-7", BOB],
      ["old", BOB],
    ] as const) {
      writeFileSync(join(directory, `${claimant}-${name}.json`), "{}");
      chownSync(join(directory, `${claimant}-${name}.json`), uid, uid);
    }
    publish();
    const left = readdirSync(directory);
    expect(left).toHaveLength(2);
    expect(left).toContain(`${claimant}-another.json`);
    expect(left).not.toContain(earlier);
  });

  it("who finds a link in the folder's place writes nothing there", () => {
    const elsewhere = join(home, "elsewhere");
    mkdirSync(elsewhere);
    chmodSync(elsewhere, 0o777);
    symlinkSync(elsewhere, directory);
    expect(publish().problem).toMatch(/is not a folder/);
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});
