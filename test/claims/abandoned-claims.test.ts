/**
 * Claims that killed supervisors have left: removed at once where they are our user's and all that they name have
 * ended for all to see, remembered where they are another's; never one that may still count. Real processes and users.
 * Covers: src/claims/claim-file.ts, src/claims/listed-folders.ts, src/claims/publish-claims.ts, src/claims/read-claims.ts, src/sense/proc/process-view.ts
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ClaimFile } from "../../src/claims/claim-file.ts";
import { removeAbandoned } from "../../src/claims/publish-claims.ts";
import { watchClaims } from "../../src/claims/read-claims.ts";
import type { Claim } from "../../src/model/machine.ts";
import { describeWith, root } from "../needs.ts";
import { until } from "../until.ts";

const boot = vi.hoisted(() => ({ secondsAgo: null as number | null }));
vi.mock("../../src/clock.ts", async (original) => {
  const real = await original<typeof import("../../src/clock.ts")>();
  return { ...real, bootSeconds: () => boot.secondsAgo ?? real.bootSeconds() };
});

const BOB = 1001;
const PROGRAM = join(import.meta.dirname, "../children/act-claim.ts");

let directory: string;
/** Each publisher is a supervisor of its own. */
let states = 0;
let children: ChildProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "supervisor-abandoned-"));
  chmodSync(directory, 0o1777);
  children = [];
});
afterEach(() => {
  vi.useRealTimers();
  boot.secondsAgo = null;
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

const watch = (): (() => Claim[]) => watchClaims("0-me", [directory], { onAbandoned: removeAbandoned });
const files = (): string[] => readdirSync(directory).filter((name) => !name.startsWith("."));

interface Publisher {
  path: string;
  child: ChildProcess;
  publish(): Promise<void>;
  kill(): Promise<void>;
}

/** A process that publishes a claim on behalf of `named`, or of itself. */
async function publisher(
  options: { uid?: number; named?: number; before?: string[] } = {},
): Promise<Publisher> {
  const { uid = process.getuid?.() ?? 0, named, before = [] } = options;
  const known = new Set(files());
  const words = [
    ...before,
    process.execPath,
    PROGRAM,
    directory,
    `/state${states++}`,
    "again",
    String(named ?? ""),
  ];
  const child = spawn(words[0] as string, words.slice(1), {
    uid,
    gid: uid,
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  let lines = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    lines += chunk.toString().split("\n").length - 1;
  });
  await until("a claim", () => lines === 1);
  const path = join(directory, files().find((name) => !known.has(name)) ?? "none");
  const publish = async (): Promise<void> => {
    const next = lines + 1;
    child.stdin?.write("again\n");
    await until("another claim", () => lines === next);
  };
  return { path, child, publish, kill: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

function sleeper(): ChildProcess {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  children.push(child);
  return child;
}

const content = (path: string): ClaimFile => JSON.parse(readFileSync(path, "utf8"));
/** Of a dead supervisor, with something changed. */
async function dead(change: Partial<Record<keyof ClaimFile, unknown>>): Promise<string> {
  const { path, kill } = await publisher();
  await kill();
  writeFileSync(path, JSON.stringify({ ...content(path), ...change }));
  return path;
}

it("a dead supervisor's is removed at the next look, and only its file", async () => {
  const [killed, alive] = [await publisher(), await publisher()];
  const look = watch();
  expect(look()).toHaveLength(2);
  await killed.kill();
  await until("its claim to be removed", () => look() && !existsSync(killed.path));
  expect(files()).toEqual([alive.path.slice(directory.length + 1)]);
});

it("counts and stays while the job of a dead supervisor lives, and is removed with the job's end", async () => {
  const job = sleeper();
  const { path, kill } = await publisher({ named: job.pid as number });
  await kill();
  const look = watch();
  expect(look()).toMatchObject([{ pids: [{ pid: job.pid }] }]);
  expect(existsSync(path)).toBe(true);
  await end(job);
  expect(look()).toEqual([]);
  expect(files()).toEqual([]);
});

it("stays while its supervisor lives, whose job has ended: it may be about to write it again", async () => {
  const job = sleeper();
  const { path, publish, kill } = await publisher({ named: job.pid as number });
  await end(job);
  const look = watch();
  expect([look(), look()]).toEqual([[], []]);
  expect(existsSync(path)).toBe(true);
  // It names itself, as its job has ended.
  await publish();
  await until("its next claim", () => look().length === 1);
  await kill();
  await until("its removal", () => look() && files().length === 0);
});

it.each<[string, Partial<Record<keyof ClaimFile, unknown>>]>([
  [
    "another pid namespace, where its pids mean other processes",
    { view: "pid:[4026539999] time:[4026531834]" },
  ],
  ["an unknown view", { view: undefined }],
  ["an earlier version, which didn't tell its writer", { writer: undefined }],
  ["another boot, though its file is of this one", { bootId: "another" }],
])("that is from %s stays, and counts for nothing", async (_, change) => {
  const path = await dead(change);
  const look = watch();
  expect([look(), look()]).toEqual([[], []]);
  expect(existsSync(path)).toBe(true);
});

it("of a system beside ours that began before it stays while it is refreshed, and for a day after", async () => {
  const path = await dead({ bootId: "another" });
  vi.useFakeTimers({ toFake: ["Date"] });
  // As if ours had begun just now.
  boot.secondsAgo = 1;
  vi.setSystemTime(Date.now() + 60_000);
  expect(watch()()).toEqual([]);
  expect(existsSync(path)).toBe(true);
  vi.setSystemTime(Date.now() + 24 * 3_600_000);
  expect(watch()()).toEqual([]);
  expect(existsSync(path)).toBe(false);
});

it("that another has replaced since it was read stays", async () => {
  const path = await dead({});
  const kept = readFileSync(path);
  const fresh = `${path}.new`;
  const look = watchClaims("0-me", [directory], {
    onAbandoned: (found, stamp) => {
      writeFileSync(fresh, kept);
      renameSync(fresh, found);
      removeAbandoned(found, stamp);
    },
  });
  expect(look()).toEqual([]);
  expect(existsSync(path)).toBe(true);
});

describeWith(root)("another's", () => {
  it("that is dead stays, and isn't looked at again but once a minute", async () => {
    const { path, kill } = await publisher({ uid: BOB });
    await kill();
    const job = sleeper();
    const startTime = Number(readFileSync(`/proc/${job.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19]);
    vi.useFakeTimers({ toFake: ["performance"] });
    const look = watch();
    expect(look()).toEqual([]);
    await wait(150);
    expect(look()).toEqual([]);
    // Changed where it is, which no supervisor does: whoever reads it sees it.
    writeFileSync(path, JSON.stringify({ ...content(path), pids: [{ pid: job.pid, startTime }] }));
    chownSync(path, 0, 0);
    expect(look()).toEqual([]);
    // Nor when the folder has changed, since no other process gets its name.
    const other = await publisher();
    expect(look()).toHaveLength(1);
    await other.kill();
    await until("its removal", () => look().length === 0);
    vi.advanceTimersByTime(60_000);
    expect(look()).toMatchObject([{ pids: [{ pid: job.pid }] }]);
    expect(existsSync(path)).toBe(true);
  });

  it("under a name that begins with a third one's number is looked at whenever the folder changes", async () => {
    const { path, kill } = await publisher({ uid: BOB });
    await kill();
    const taken = join(directory, `1002-${path.slice(directory.length + 6)}`);
    renameSync(path, taken);
    const look = watch();
    expect([look(), look()]).toEqual([[], []]);
    rmSync(taken);
    const job = sleeper();
    const startTime = Number(readFileSync(`/proc/${job.pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19]);
    const alive = await publisher();
    const claim = { ...content(alive.path), id: "x", pids: [{ pid: job.pid, startTime }] };
    writeFileSync(taken, JSON.stringify(claim));
    await until("both", () => look().length === 2);
  });

  it("supervisor in a pid namespace of its own keeps its claim, though no process here has its pids", async () => {
    const inside = await publisher({ before: ["unshare", "--pid", "--fork", "--mount-proc"] });
    const { writer, view } = content(inside.path);
    // Numbers of its own.
    expect(writer?.pid).toBeLessThan(inside.child.pid as number);
    expect(view).toMatch(/^pid:\[\d+\] time:/);
    utimesSync(inside.path, 1, 1);
    const look = watch();
    expect([look(), look()]).toEqual([[], []]);
    expect(existsSync(inside.path)).toBe(true);
  });

  it("process that /proc hides isn't dead", async () => {
    const bob = await publisher({ uid: BOB });
    const probe = `mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=1003 --clear-groups ${process.execPath} -e '
      import("${join(import.meta.dirname, "../../src/claims/claim-file.ts")}").then(({ readClaim }) =>
        console.log(JSON.stringify(readClaim("${bob.path}", "0-me"))))'`;
    const { stdout } = spawnSync("unshare", ["--mount", "sh", "-c", probe], { encoding: "utf8" });
    expect(JSON.parse(stdout)).toMatchObject({ claim: { uid: BOB } });
  });
});
