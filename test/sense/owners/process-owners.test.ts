/**
 * Attribution of processes. A look at all processes (CPU) and looks at single ones (GPUs) share their
 * memory and must agree. Real processes where /proc is read, tables where only the tree matters.
 * Covers: src/sense/owners/process-owners.ts, src/sense/owners/claimed-processes.ts,
 * src/sense/owners/run-marks.ts, src/sense/owners/run-sessions.ts, src/sense/owners/parents.ts,
 * src/sense/owners/owner.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ENV } from "../../../src/contract/names.ts";
import type { Claim } from "../../../src/model/machine.ts";
import type { LiveRun } from "../../../src/ports/live-run.ts";
import { claimOf, type Owner } from "../../../src/sense/owners/owner.ts";
import { ProcessOwners } from "../../../src/sense/owners/process-owners.ts";
import { namedRun } from "../../../src/sense/owners/run-marks.ts";
import type { ProcessStat } from "../../../src/sense/proc/parse.ts";
import { listPids, readStat, uidOf } from "../../../src/sense/proc/process.ts";
import { describeWith, root } from "../../needs.ts";
import { until } from "../../scenarios/real-supervisor.ts";

/** A pid that nobody has: what this process starts isn't the supervisor's own. */
const SUPERVISOR = 4_194_303;
const BOB = 1001;

let owners: ProcessOwners;
const children: ChildProcess[] = [];
const strays: number[] = [];
beforeEach(() => {
  owners = new ProcessOwners(SUPERVISOR);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const pid of strays.splice(0)) if (readStat(pid)) process.kill(pid, "SIGKILL");
});

const run = (launcherPid: number | null, id = "run-1"): LiveRun => ({
  id,
  job: "train",
  launcherPid,
  pid: null,
  cpuCgroup: null,
});

/** A shell that starts `sleep` as `how` says, and both their pids. */
async function start(how: string, env: Record<string, string> = {}): Promise<{ pid: number; child: number }> {
  const shell = spawn("/bin/sh", ["-c", `${how} sleep 1000 </dev/null >/dev/null 2>&1 & echo $!; wait`], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  children.push(shell);
  let said = "";
  shell.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const child = await until("its child", () => Number(said));
  strays.push(child);
  // In the midst of an exec it has its new name already, and no environment yet.
  await until("its program", () => readStat(child)?.name === "sleep" && namedRun(child) !== undefined);
  return { pid: shell.pid as number, child };
}

const lookAtAll = (runs: LiveRun[], claims: Claim[] = []): ReadonlyMap<number, Owner> => {
  const table = new Map(
    listPids()
      .flatMap((pid) => readStat(pid) ?? [])
      .map((stat) => [stat.pid, stat]),
  );
  owners.look(runs, claims, (pid) => table.get(pid));
  return owners.ownersIn(table);
};

const lookAt = (pid: number, runs: LiveRun[], claims: Claim[] = []): Owner => {
  owners.look(runs, claims);
  return owners.ownerOf(readStat(pid) as ProcessStat);
};

async function leavesTree(pid: number, parent: number): Promise<void> {
  process.kill(parent, "SIGKILL");
  await until("another parent", () => readStat(pid)?.parent !== parent);
}

describe("both kinds of looks", () => {
  it("agree about a run's, a stranger's and the supervisor's own processes", async () => {
    const ours = await start("");
    const named = await start("setsid", { [ENV.runId]: "run-1" });
    const foreign = await start("setsid");
    const helper = await start("");
    owners = new ProcessOwners(helper.pid);
    const runs = [run(ours.pid)];
    const expected = new Map<number, Owner>([
      [ours.pid, { run: "run-1" }],
      [ours.child, { run: "run-1" }],
      [named.child, { run: "run-1" }],
      [foreign.child, "foreign"],
      [helper.pid, "supervisor"],
      [helper.child, "supervisor"],
    ]);
    for (const [pid, owner] of expected) expect(lookAt(pid, runs)).toEqual(owner);
    const all = lookAtAll(runs);
    for (const [pid, owner] of expected) expect(all.get(pid)).toEqual(owner);
  });

  it("share what they have seen: a process without a trace of its run is ours to both once one saw it in its tree", async () => {
    for (const [first, second] of [
      [lookAtAll, lookAt],
      [lookAt, lookAtAll],
    ]) {
      owners = new ProcessOwners(SUPERVISOR);
      const job = await start("/usr/bin/env -i LANG=C setsid");
      const runs = [run(job.pid)];
      const see = (look: unknown, live: LiveRun[]): Owner | undefined =>
        look === lookAt ? lookAt(job.child, live) : lookAtAll(live).get(job.child);
      expect(see(first, runs)).toEqual({ run: "run-1" });
      await leavesTree(job.child, job.pid);
      expect(see(second, [])).toEqual({ run: "run-1" });
      expect(new ProcessOwners(SUPERVISOR).ownerOf(readStat(job.child) as ProcessStat)).toBe("foreign");
    }
  });
});

describe("a session of a run", () => {
  it("makes nobody's whatever is in it, for as long as it is that session", async () => {
    // The launcher leads the session; what it leaves there has nothing else of the run's.
    const job = await start("/usr/bin/env -i LANG=C");
    owners.look([run(job.pid)], []);
    await leavesTree(job.child, job.pid);
    expect(lookAt(job.child, [])).toBe("nobody");
    expect(lookAtAll([]).get(job.child)).toBe("nobody");
    expect(new ProcessOwners(SUPERVISOR).ownerOf(readStat(job.child) as ProcessStat)).toBe("foreign");
  });

  it("isn't another's that was given the same number later", async () => {
    const { pid, child } = await start("/usr/bin/env -i LANG=C");
    const now = readStat(pid) as ProcessStat;
    const earlier = { ...now, startTime: now.startTime - 1 };
    owners.look([run(pid)], [], (one) => (one === pid ? earlier : null));
    expect(lookAt(child, [])).toBe("foreign");
  });
});

describe("a stranger", () => {
  it.each([
    ["another program", "exec sleep 1000"],
    ["its own program again", "exec /bin/sh -c 'read never'"],
  ])("that executes %s with a run's id in its environment is the run's from then on", async (_, exec) => {
    for (const look of [lookAt, (pid: number, runs: LiveRun[]) => lookAtAll(runs).get(pid)]) {
      const shell = spawn("/bin/sh", ["-c", `read go; export ${ENV.runId}=run-1; ${exec}`], {
        env: { PATH: process.env.PATH ?? "" },
        stdio: ["pipe", "ignore", "ignore"],
        detached: true,
      });
      children.push(shell);
      const pid = shell.pid as number;
      await until("the shell", () => readStat(pid)?.name === "sh" && namedRun(pid) === null);
      expect(look(pid, [run(null)])).toBe("foreign");
      shell.stdin.write("go\n");
      await until("its exec", () => namedRun(pid) === "run-1");
      expect(look(pid, [run(null)])).toEqual({ run: "run-1" });
    }
  });
});

/** A process in a table; it isn't in /proc, so that nothing can be told of it but by its place in the tree. */
const entry = (pid: number, parent: number, startTime = 10): ProcessStat => {
  const times = { own: 0, reaped: 0, nice: 0, threads: 1, stack: 0 };
  return { pid, parent, startTime, name: "x", state: "S", group: pid, session: pid, kernel: false, ...times };
};
/** Above any pid that there can be. */
const BASE = 5_000_000;

describe("a pid", () => {
  it("that another process was given is no longer the run's, nor are its children", () => {
    const table = (startTime: number): Map<number, ProcessStat> =>
      new Map([entry(BASE, 1, startTime), entry(BASE + 1, BASE, startTime)].map((one) => [one.pid, one]));
    const see = (startTime: number, runs: LiveRun[]): Owner[] => {
      const all = table(startTime);
      owners.look(runs, [], (pid) => all.get(pid));
      return [...owners.ownersIn(all).values()];
    };
    expect(see(10, [run(BASE)])).toEqual([{ run: "run-1" }, { run: "run-1" }]);
    expect(see(11, [])).toEqual(["nobody", "nobody"]);
  });

  it("of a run's root counts with the start that it had when it was first seen", () => {
    owners.look([run(BASE)], [], () => entry(BASE, 1, 10));
    expect(owners.begunAt("run-1")).toBe(10);
    owners.look([run(BASE)], [], () => entry(BASE, 1, 11));
    expect(owners.ownerOf(entry(BASE, 1, 11))).toBe("nobody");
    expect(owners.begunAt("run-1")).toBe(10);
  });
});

describe("a tree", () => {
  it("is followed through every level, in whatever order the processes come", () => {
    const chain = Array.from({ length: 60 }, (_, i) => entry(BASE + i, i === 0 ? 1 : BASE + i - 1));
    for (const order of [chain, chain.toReversed()]) {
      owners = new ProcessOwners(SUPERVISOR);
      const table = new Map(order.map((one) => [one.pid, one]));
      owners.look([run(BASE)], [], (pid) => table.get(pid));
      expect(new Set([...owners.ownersIn(table).values()].map((owner) => JSON.stringify(owner)))).toEqual(
        new Set(['{"run":"run-1"}']),
      );
    }
  });

  it("in which parents form a circle has an end", () => {
    const table = new Map([entry(BASE, BASE + 1), entry(BASE + 1, BASE)].map((one) => [one.pid, one]));
    owners.look([], [], (pid) => table.get(pid));
    expect([...owners.ownersIn(table).values()]).toEqual(["nobody", "nobody"]);
  });
});

describeWith(root)("a claim", () => {
  it("covers its user's processes also below one of another user, which it doesn't cover", async () => {
    const inner = `setpriv --reuid ${BOB} --clear-groups`;
    const shell = spawn("setpriv", ["--reuid", String(BOB), "--clear-groups", "sleep", "1000"], {
      stdio: "ignore",
    });
    children.push(shell);
    await until("another user", () => uidOf(shell.pid as number) === BOB && readStat(shell.pid as number));
    const named = readStat(shell.pid as number) as ProcessStat;
    const { pid, child } = await start(inner);
    await until("another user", () => uidOf(child) === BOB);
    // The shell, which is root's, as if bob's process had started it.
    const above: ProcessStat = { ...(readStat(pid) as ProcessStat), parent: named.pid };
    const table = new Map([named, above, readStat(child) as ProcessStat].map((one) => [one.pid, one]));
    const pids = [{ pid: named.pid, startTime: named.startTime }];
    const times = { sinceMs: 1, readyMs: null };
    const claim: Claim = {
      id: "1001-x",
      uid: BOB,
      user: "bob",
      job: "j",
      gpus: [],
      holds: true,
      pids,
      ...times,
    };
    owners.look([], [claim], (one) => table.get(one));
    const found = owners.ownersIn(table);
    expect([named.pid, above.pid, child].map((one) => claimOf(found.get(one))?.id ?? null)).toEqual([
      "1001-x",
      null,
      "1001-x",
    ]);
  });
});
