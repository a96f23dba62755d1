/**
 * Jobs of other supervisors that have cgroups are followed exactly, so that a stranger beside them is proven by
 * the first sample; whatever can't be followed is told as that.
 * Covers: src/sense/others/claimed-cpu.ts, src/sense/others/cgroup-cpu.ts, src/sense/others/scan-processes.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { clock } from "../../../src/clock.ts";
import type { Claim, Reading, Sample } from "../../../src/model/machine.ts";
import { ClaimedCpu, claimedBetween } from "../../../src/sense/others/claimed-cpu.ts";
import { scanProcesses } from "../../../src/sense/others/scan-processes.ts";
import { ProcessOwners } from "../../../src/sense/owners/process-owners.ts";
import { readStat } from "../../../src/sense/proc/process.ts";
import { createSensors } from "../../../src/sense/sensors.ts";
import { cpuCgroup, describeWith } from "../../needs.ts";
import { until } from "../../until.ts";

const JOB = new URL("../../children/sense-job.ts", import.meta.url).pathname;
const ALL = `/sys/fs/cgroup/cpuacct/claimed-cgroups-${process.pid}/gpu-job-supervisor`;
const UID = process.getuid?.() ?? 0;

const children: ChildProcess[] = [];
const cgroups = new Set<string>();

const start = (command: string, ...argv: string[]): number => {
  const child = spawn(command, argv, { stdio: "ignore" });
  children.push(child);
  return child.pid as number;
};

/** A cgroup for a run of this supervisor's. */
function cgroup(supervisor: string, run: string): string {
  const directory = join(ALL, supervisor, run);
  mkdirSync(directory, { recursive: true });
  for (let one = directory; one.includes("claimed-cgroups"); one = dirname(one)) cgroups.add(one);
  return directory;
}

const burn = (...more: string[]): number =>
  start(process.execPath, JOB, "a plain loop", "claimed-cgroups", ...more);

/** Node's start is work, too, and is done before it goes there. */
const isIn = (directory: string, pid: number): boolean =>
  readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").includes(String(pid));

/** A process that is in the cgroup already, and does nothing. */
async function sleepIn(directory: string): Promise<number> {
  const pid = start("/bin/sh", "-c", 'echo $$ > "$0/cgroup.procs"; exec sleep 1000', directory);
  await until("it to sleep", () => readStat(pid)?.name === "sleep");
  return pid;
}

const claim = (pid: number, more: Partial<Claim> = {}): Claim => ({
  id: `claim-${pid}`,
  uid: UID,
  user: "bob",
  job: "loop",
  gpus: [],
  holds: true,
  sinceMs: 1,
  readyMs: null,
  pids: [{ pid, startTime: readStat(pid)?.startTime ?? null }],
  ...more,
});

afterEach(async () => {
  const ended = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(ended);
  const deepest = [...cgroups].sort((a, b) => b.length - a.length);
  cgroups.clear();
  for (const directory of deepest) await until("it to be empty", () => removed(directory));
});

const sensorsKnowing = (claims: Claim[]) =>
  createSensors({
    diskPath: "/",
    supervisorPid: start("sleep", "1000"),
    hidden: null,
    claims: () => claims,
  });

const removed = (directory: string): boolean => {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
};

const value = (reading: Reading | undefined): number => {
  if (reading === undefined || "unavailable" in reading) throw new Error(reading?.unavailable ?? "none");
  return reading.value;
};

describeWith(cpuCgroup)("another supervisor's job in a cgroup", () => {
  it("is no reason to wait for a second scan: a stranger beside it is proven by the first sample that there is", async () => {
    const claims = [claim(await sleepIn(cgroup("a", "1")))];
    const sensors = sensorsKnowing(claims);
    try {
      let calls = 0;
      const load = Array.from({ length: availableParallelism() }, () => burn());
      await until("it to work", () => load.every((pid) => (readStat(pid)?.own ?? 0) > 60));
      sensors.guard(30, [], () => calls++);
      await until("a call", () => calls > 0);
      expect(value(sensors.sample([], clock.now()).machine["cpu.others"])).toBeGreaterThan(30);
    } finally {
      sensors.close();
    }
  });

  it("is left out of others' use to the tick, and only what it leaves is theirs", async () => {
    const group = cgroup("a", "1");
    const pid = burn(group);
    const used = (): number => readStat(pid)?.own ?? 0;
    await until("it to work in its cgroup", () => isIn(group, pid) && used() > 50);
    const claims = [claim(pid)];
    const sensors = sensorsKnowing(claims);
    try {
      // It never calls, so that each sample covers all since the one before.
      sensors.guard(100, [], () => {});
      // A sample reads what is used somewhere between the two.
      const samples: (Sample & { from: number; to: number })[] = [];
      const take = () => ({ from: used(), ...sensors.sample([], clock.now()), to: used() });
      const shareAt = (at: number): number => {
        const [before, sample] = [samples[at - 1], samples[at]];
        if (before === undefined || sample === undefined || at < 3) return 0;
        const ms = sample.at.monotonicMs - before.at.monotonicMs;
        return (100 * 10 * (sample.from - before.to)) / (ms * availableParallelism());
      };
      // A check that can fail: it has much to be taken for others'.
      const isMuch = (): boolean => samples.some((_, at) => shareAt(at) > 15);
      await until("samples", () => samples.push(take()) > 8 && isMuch(), { everyMs: 500 });
      for (const [at, { machine }] of samples.entries())
        if (at >= 3)
          expect(value(machine["cpu.others"])).toBeLessThan(value(machine["cpu.total"]) - shareAt(at) + 8);
    } finally {
      sensors.close();
    }
  });

  it("is seen to have left it by a scan, when a process of it works elsewhere", async () => {
    const group = cgroup("a", "1");
    const inside = burn(group);
    const outside = burn();
    const haveWorked = () => [inside, outside].every((pid) => (readStat(pid)?.own ?? 0) > 40);
    await until("both to work, one in its cgroup", () => isIn(group, inside) && haveWorked());
    const claimed = new ClaimedCpu();
    const scan = (...claims: Claim[]) => {
      claimed.follow([claim(inside)], []);
      const at = { atMs: 0, bootTicks: 0, cpuAll: 0, trees: new Map() };
      return scanProcesses(new ProcessOwners(start("sleep", "1000")), { runs: [], claims, claimed }, at)
        .claimEscaped;
    };
    expect([scan(claim(inside)), scan(claim(inside), claim(outside))]).toEqual([false, true]);
    // While it starts a job, a claim covers the supervisor itself.
    const writer = { pid: outside, startTime: readStat(outside)?.startTime ?? null };
    expect(scan(claim(inside), claim(outside, { writer }))).toBe(false);
    expect(claimed.look()?.size).toBe(1);
    claimed.scanned({ hasEscaped: true });
    expect(claimed.look()).toBeNull();
    claimed.scanned({ hasEscaped: false });
    expect(claimed.look()?.size).toBe(1);
    claimed.close();
  });

  it("is followed from the second look on, with whatever its supervisor starts later", async () => {
    const [first, second] = [await sleepIn(cgroup("a", "1")), await sleepIn(cgroup("a", "2"))];
    const claimed = new ClaimedCpu();
    expect(claimed.follow([claim(first)], [])).toBe(false);
    const before = claimed.look();
    expect(claimed.follow([claim(first), claim(second)], [])).toBe(true);
    burn(cgroup("a", "3"));
    await until("its use to be counted", () => (claimedBetween(before, claimed.look()) ?? 0) > 200);
    claimed.close();
  });

  it("is counted once where its supervisor is a job of another one, and one that waits in line is none", async () => {
    const outer = await sleepIn(cgroup("a", "1"));
    const inner = await sleepIn(cgroup("a", "1/gpu-job-supervisor/b/2"));
    const claimed = new ClaimedCpu();
    const waits = claim(start("sleep", "1000"), { holds: false });
    claimed.follow([claim(outer), claim(inner), waits], []);
    expect(claimed.look()?.size).toBe(1);
    expect([outer, inner, process.pid].map((pid) => claimed.counts(pid))).toEqual([true, true, false]);
    claimed.close();
  });

  it.each<[string, (pid: number) => Claim[]]>([
    ["of another user's claim", (pid) => [claim(pid, { uid: UID + 1 })]],
    ["of a pid's earlier life", (pid) => [claim(pid, { pids: [{ pid, startTime: 1 }] })]],
    ["beside one that has no cgroup", (pid) => [claim(pid), claim(start("sleep", "1000"))]],
  ])("can't be followed when it is %s", async (_, claims) => {
    const claimed = new ClaimedCpu();
    expect(claimed.follow(claims(await sleepIn(cgroup("a", "1"))), [])).toBe(false);
    expect(claimed.look()).toBeNull();
    claimed.close();
  });

  it("can't be followed where its cgroup holds a run of ours, or lies in one, or where there are nine supervisors", async () => {
    const group = cgroup("a", "1");
    const pid = await sleepIn(group);
    const claimed = new ClaimedCpu();
    const run = (cpuCgroup: string) => ({ id: "r", job: "j", launcherPid: null, pid: null, cpuCgroup });
    for (const ours of [join(group, "gpu-job-supervisor/b/2"), dirname(dirname(group)), dirname(group)]) {
      claimed.follow([claim(pid)], [run(ours)]);
      expect(claimed.look()).toBeNull();
    }
    claimed.follow([claim(pid)], [run(join(ALL, "ab", "1"))]);
    expect(claimed.look()?.size).toBe(1);
    const more = await Promise.all(
      ["b", "c", "d", "e", "f", "g", "h", "i"].map((name) => sleepIn(cgroup(name, "1"))),
    );
    claimed.follow(
      [pid, ...more].map((one) => claim(one)),
      [],
    );
    expect(claimed.look()).toBeNull();
    claimed.close();
  });
});

describe("what was used between two looks", () => {
  const times = (of: Record<string, number>) => new Map(Object.entries(of));
  it.each([
    ["nobody is followed", times({}), times({}), 0],
    ["two are", times({ a: 5, b: 7 }), times({ a: 8, b: 7.5 }), 3.5],
    ["one of them couldn't be read before", null, times({ a: 1 }), null],
    ["nor now", times({ a: 1 }), null, null],
    ["a cgroup was made anew", times({ a: 5 }), times({ a: 1 }), null],
    ["one has come", times({ a: 1 }), times({ a: 1, b: 9 }), null],
    ["one has gone for another", times({ a: 1 }), times({ b: 9 }), null],
  ])("%s", (_, before, after, used) => {
    expect(claimedBetween(before, after)).toBe(used);
  });
});
