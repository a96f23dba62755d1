/**
 * What claims of other users are worth, with real files and real users: a good one counts for its owner's
 * processes; a malformed, stale, forged, foreign, huge or linked one holds nothing and excuses nobody.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { abandonedClaims, readClaims, watchClaims } from "../../src/claims/read-claims.ts";
import type { Claim } from "../../src/model/machine.ts";
import { GpuAttribution } from "../../src/sense/gpu/attribute-gpu.ts";
import { claimOf } from "../../src/sense/owners/owner.ts";
import { ProcessOwners } from "../../src/sense/owners/process-owners.ts";
import { bootId } from "../../src/sense/proc/boot-id.ts";
import { readStat } from "../../src/sense/proc/process.ts";
import { describeWith, root } from "../needs.ts";
import { until } from "../scenarios/real-supervisor.ts";

const BOB = 1001;
const EVE = 1002;
/** A pid that nobody has: the children of this process aren't the supervisor's helpers. */
const SUPERVISOR = 4_194_303;

let directory: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "supervisor-claims-"));
});
afterEach(() => {
  // With what each has started: a shell that is killed leaves its sleeping child behind.
  for (const { pid } of children.splice(0)) {
    try {
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    } catch {
      // The whole group has ended already.
    }
  }
  rmSync(directory, { recursive: true, force: true });
});

/** A process of this user that has a child of its own. */
async function program(uid: number): Promise<{ pid: number; startTime: number; child: number }> {
  const shell = spawn("/bin/sh", ["-c", "sleep 1000 & echo $!; wait"], {
    uid,
    gid: uid,
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  children.push(shell);
  let said = "";
  shell.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const child = await until("its child", () => Number(said));
  const pid = shell.pid as number;
  return { pid, child, startTime: readStat(pid)?.startTime as number };
}

const file = (pids: unknown, more: object = {}): Record<string, unknown> => ({
  version: 1,
  id: "1001-abc-asr",
  supervisor: "1001-abc",
  job: "asr",
  gpus: ["GPU-1"],
  holds: true,
  sinceMs: 1,
  readyMs: null,
  bootId: bootId(),
  pids,
  ...more,
});

function lay(uid: number, content: unknown, name = "1001-abc-asr.json"): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  chownSync(path, uid, uid);
  return path;
}

const claims = (): Claim[] => readClaims("0-me", [directory]);

/** What others use of a GPU on which this process computes, as an attribution with these claims sees it. */
function others(pid: number, known: readonly Claim[]): unknown {
  const attribution = new GpuAttribution(new ProcessOwners(SUPERVISOR), null, () => ({
    ignore: [],
    ignoreGpuBelow: 30,
  }));
  const figures = {
    utilization: 60,
    memoryTotalMiB: 24_000,
    memoryFreeMiB: 18_500,
    memoryUsedMiB: 5000,
    temperature: 50,
  };
  const processes = [{ pid, memoryMiB: 4000, smPercent: 60 }];
  const gpu = {
    uuid: "GPU-1",
    index: 0,
    name: "x",
    source: "NVML",
    powerWatts: 1,
    powerLimitWatts: 2,
    throttled: 0,
  };
  try {
    const [sample] = attribution.samples({ atMs: 1, gpus: [{ ...gpu, ...figures, processes }] }, [], known);
    return sample?.metrics["gpu.others.utilization"];
  } finally {
    attribution.close();
  }
}

function claimedOf(owners: ProcessOwners, pids: number[], known: readonly Claim[]): number[] {
  const table = new Map(pids.flatMap((pid) => readStat(pid) ?? []).map((stat) => [stat.pid, stat]));
  owners.look([], known, (pid) => table.get(pid));
  return [...owners.ownersIn(table)].flatMap(([pid, owner]) => (claimOf(owner) === null ? [] : [pid]));
}

/** Those of these processes that a scan would take for claimed. */
function excused(pids: number[], known: readonly Claim[]): number[] {
  return claimedOf(new ProcessOwners(SUPERVISOR), pids, known).sort((a, b) => a - b);
}

describeWith(root)("a claim", () => {
  it("holds, and excuses the processes of its owner that it names, and theirs, and no others", async () => {
    const job = await program(BOB);
    const game = await program(BOB);
    lay(BOB, file([{ pid: job.pid, startTime: job.startTime }]));
    const found = claims();
    expect(found).toMatchObject([{ uid: BOB, job: "asr", holds: true, gpus: ["GPU-1"] }]);
    expect(others(job.child, found)).toMatchObject({ value: 0 });
    expect(others(game.child, found)).toMatchObject({ value: 60 });
    const all = [job.pid, job.child, game.pid, game.child];
    expect(excused(all, found)).toEqual([job.pid, job.child].sort((a, b) => a - b));
    // Who waits in line excuses nobody.
    lay(BOB, file([{ pid: job.pid, startTime: job.startTime }], { holds: false, readyMs: 0 }));
    expect(claims()).toMatchObject([{ holds: false }]);
    expect(others(job.child, claims())).toMatchObject({ value: 60 });
    expect(excused(all, claims())).toEqual([]);
    process.kill(job.pid, "SIGKILL");
    await until("the end of the claim", () => claims().length === 0);
  });

  it("keeps a process that has left the tree of its job, for as long as it is there", async () => {
    const job = await program(BOB);
    lay(BOB, file([{ pid: job.pid, startTime: job.startTime }]));
    const [claim] = claims() as [Claim];
    const owners = new ProcessOwners(SUPERVISOR);
    const look = (known: Claim[]): number[] => claimedOf(owners, [job.pid, job.child], known);
    expect(look([claim])).toContain(job.child);
    process.kill(job.pid, "SIGKILL");
    await until("another parent", () => readStat(job.child)?.parent !== job.pid);
    expect(look([claim])).toContain(job.child);
    expect(look([])).toEqual([]);
    process.kill(job.child, "SIGKILL");
  });

  it("is read anew when its file is another one, after it had ended or couldn't be understood", async () => {
    const job = await program(BOB);
    const read = watchClaims("0-me", [directory]);
    const good = file([{ pid: job.pid, startTime: job.startTime }]);
    for (const nothing of [file([{ pid: job.pid, startTime: job.startTime + 1 }]), "{"]) {
      const path = lay(BOB, nothing);
      expect([read(), read()]).toEqual([[], []]);
      rmSync(path);
      lay(BOB, good);
      expect(read()).toHaveLength(1);
      lay(BOB, nothing);
      await until("the change to be seen", () => read().length === 0);
      rmSync(path);
      lay(BOB, good);
      await until("the change back to be seen", () => read().length === 1);
    }
  });

  it("is abandoned when all that it names has ended, it is of our user, and has been old for long", async () => {
    const [job, gone] = [await program(BOB), { pid: 4_194_303, startTime: 1 }];
    const [live, ended] = [file([{ pid: job.pid, startTime: job.startTime }]), file([gone])];
    const old = (path: string): string => {
      utimesSync(path, 1, 1);
      return path;
    };
    const abandoned = old(lay(0, ended, "0-a-ended.json"));
    old(lay(0, live, "0-a-live.json"));
    old(lay(BOB, ended, "1001-a-ended.json"));
    old(lay(0, { ...ended, version: 2 }, "0-a-unknown.json"));
    lay(0, ended, "0-a-young.json");
    expect(abandonedClaims(directory, 60_000)).toEqual([abandoned]);
  });

  const good = (pid: number, startTime: number): object => ({ pid, startTime });
  it.each<[string, (job: { pid: number; startTime: number }) => void]>([
    ["that isn't JSON", () => lay(BOB, "{ version: 1")],
    ["that was cut off", (job) => lay(BOB, JSON.stringify(file([job])).slice(0, -9))],
    ["that is empty", () => lay(BOB, "")],
    ["that is null", () => lay(BOB, null)],
    ["that is a list", (job) => lay(BOB, [file([job])])],
    ["of another version", (job) => lay(BOB, file([job], { version: 2 }))],
    ["that names no process", () => lay(BOB, file([]))],
    ["whose pids are no list", (job) => lay(BOB, file(job))],
    ["with pids that are text", (job) => lay(BOB, file([{ ...job, pid: String(job.pid) }]))],
    ["with a negative pid", (job) => lay(BOB, file([{ ...job, pid: -1 }]))],
    ["with pids that are nothing", () => lay(BOB, file([null]))],
    ["that names too many processes", (job) => lay(BOB, file(Array(17).fill(job)))],
    ["with control characters", (job) => lay(BOB, file([job], { job: "asr\u001b[2J" }))],
    ["with endless text", (job) => lay(BOB, file([job], { job: "x".repeat(129) }))],
    ["with GPUs that are no names", (job) => lay(BOB, file([job], { gpus: [7] }))],
    ["without a time", (job) => lay(BOB, file([job], { sinceMs: "long ago" }))],
    ["with a request for nothing", (job) => lay(BOB, file([job], { turn: null }))],
    ["that is huge", (job) => lay(BOB, file([job], { padding: "x".repeat(20_000) }))],
    ["of a process that is gone", (job) => lay(BOB, file([good(4_194_303, job.startTime)]))],
    ["of a pid that was given to another", (job) => lay(BOB, file([good(job.pid, job.startTime - 1)]))],
    ["without a start time", (job) => lay(BOB, file([{ pid: job.pid, startTime: null }]))],
    ["of an earlier boot", (job) => lay(BOB, file([job], { bootId: "earlier" }))],
    ["of another user for this process", (job) => lay(EVE, file([job]))],
    ["of root for this process", (job) => lay(0, file([job]))],
    ["that is a link", (job) => symlinkSync(lay(BOB, file([job]), "kept"), join(directory, "1001-a.json"))],
    ["that is a folder", () => mkdirSync(join(directory, "1001-a.json"))],
    ["that is a pipe", () => expect(spawnSync("mkfifo", [join(directory, "1001-a.json")]).status).toBe(0)],
    ["with another name", (job) => lay(BOB, file([job]), "1001-abc-asr.json.new")],
    ["that isn't in place yet", (job) => lay(BOB, file([job]), ".1001-abc-asr.json")],
  ])("%s holds nothing and excuses nobody", async (_, put) => {
    const { pid, startTime, child } = await program(BOB);
    put({ pid, startTime });
    expect(claims()).toEqual([]);
    expect(others(child, claims())).toMatchObject({ value: 60 });
    expect(excused([pid, child], claims())).toEqual([]);
  });

  it("speaks for its owner alone, whatever it calls itself and whomever else it names", async () => {
    const job = await program(BOB);
    const own = await program(EVE);
    const both = [job, own].map(({ pid, startTime }) => ({ pid, startTime }));
    lay(EVE, file(both), "1001-abc-asr.json");
    const found = claims();
    expect(found).toMatchObject([{ uid: EVE, id: "1002-1001-abc-asr", pids: [{ pid: own.pid }] }]);
    expect(others(job.child, found)).toMatchObject({ value: 60 });
    // Even if it came through with a process that isn't its owner's.
    const forged = found.map((claim) => ({ ...claim, pids: both }));
    expect(others(job.child, forged)).toMatchObject({ value: 60 });
    expect(excused([job.pid, job.child], forged)).toEqual([]);
  });

  it("among a crowd of senseless ones is read all the same", async () => {
    const { pid, startTime } = await program(BOB);
    for (let i = 0; i < 200; i++) lay(EVE, "x".repeat(i), `1002-crowd-${i}.json`);
    lay(BOB, file([{ pid, startTime }]));
    expect(claims()).toMatchObject([{ uid: BOB }]);
  });
});

describeWith(root)("another user's files, however many", () => {
  const crowd = (count: number): void => {
    for (let i = 0; i < count; i++) lay(EVE, file([], { id: `1001-${i}-asr` }), `1001-${i}-asr.json`);
  };

  it("leave a user's claim its place", async () => {
    crowd(2600);
    const job = await program(BOB);
    lay(BOB, file([{ pid: job.pid, startTime: job.startTime }]), "1001-zz-asr.json");
    expect(claims()).toMatchObject([{ uid: BOB, holds: true }]);
    const watch = watchClaims("0-me", [directory]);
    let looks = 1;
    while (watch().length === 0) looks++;
    expect(looks).toBeLessThan(3);
    // Once examined, those beyond EVE's number aren't looked at again.
    lay(BOB, file([{ pid: job.pid, startTime: job.startTime }], { id: "1001-late" }), "1001-late.json");
    expect(watch()).toHaveLength(2);
  });
});
