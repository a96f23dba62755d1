import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { LiveRun } from "../../../src/ports/live-run.ts";
import { processesOf, SharedScan } from "../../../src/sense/owners/run-processes.ts";
import { readStat } from "../../../src/sense/proc/process.ts";
import { until, untilHolds } from "../../until.ts";

const children: ChildProcess[] = [];
const strays: number[] = [];

afterEach(() => {
  for (const child of children.splice(0)) {
    try {
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The whole group has ended already.
    }
  }
  for (const pid of strays.splice(0)) process.kill(pid, "SIGKILL");
});

let count = 0;

function startRun(script: string): LiveRun {
  const id = `run-${process.pid}-${count++}`;
  const env = { ...process.env, SUPERVISOR_RUN_ID: id };
  const child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: "ignore", env });
  children.push(child);
  return { id, job: "j", launcherPid: child.pid ?? null, pid: null, cpuCgroup: null };
}

describe("the processes of a run", () => {
  it("are its tree without the launcher, parents first", async () => {
    const run = startRun("sh -c 'sleep 1000 & sleep 1001; :'; :");
    // A process that is just becoming another program shows its parent's command line, or none.
    await untilHolds(() => {
      const found = processesOf(run);
      expect(found.map(({ pid }) => pid)).not.toContain(run.launcherPid);
      const [first, ...below] = found.map(({ command }) => command);
      expect(first).toMatch(/^sh -c/);
      expect(below.sort()).toEqual(["sleep 1000", "sleep 1001"]);
    });
  });

  it("that left the tree are found by a scan", async () => {
    const run = startRun("(setsid sleep 1003 &); sleep 1000");
    const found = await until("the stray", () => {
      const stray = processesOf(run, { scan: true }).find(({ command }) => command === "sleep 1003");
      return stray && readStat(stray.pid)?.parent !== run.launcherPid ? stray : null;
    });
    strays.push(found.pid);
    await untilHolds(() => expect(processesOf(run).map(({ command }) => command)).toEqual(["sleep 1000"]));
  });

  it("that left the trees of several runs are found by one scan, and by one that is asked for after they began", async () => {
    const scan = new SharedScan();
    const stray = (run: LiveRun) => async () =>
      (await scan.processesOf(run)).find(({ command }) => command === "sleep 1004")?.pid;
    const runs = [1, 2].map(() => startRun("(setsid sleep 1004 &); sleep 1000"));
    const found = await Promise.all(runs.map((run) => until("the stray", stray(run))));
    strays.push(...found);
    expect(new Set(found).size).toBe(2);
    const both = await Promise.all(runs.map((run) => scan.processesOf(run)));
    expect(both.map((all) => all.map(({ pid }) => pid).filter((pid) => found.includes(pid)))).toEqual(
      found.map((pid) => [pid]),
    );
    // However soon after the last scan, what it couldn't see yet is there.
    const env = { ...process.env, SUPERVISOR_RUN_ID: runs[0]?.id };
    const late = spawn("/bin/sleep", ["1005"], { detached: true, stdio: "ignore", env });
    children.push(late);
    const [run] = runs as [LiveRun];
    await until("its exec", () =>
      readFileSync(`/proc/${late.pid}/environ`, "utf8").includes(`SUPERVISOR_RUN_ID=${run.id}`),
    );
    expect((await scan.processesOf(run)).map(({ pid }) => pid)).toContain(late.pid);
  });

  it("are found beside a process that has no environment, as one in the middle of an exec", async () => {
    children.push(spawn("/bin/sleep", ["1000"], { env: {}, detached: true, stdio: "ignore" }));
    const run = { ...startRun("sleep 1000; :"), launcherPid: null };
    await untilHolds(() =>
      expect(processesOf(run, { scan: true }).map(({ command }) => command)).toContain("sleep 1000"),
    );
  });

  it("aren't those of somebody who got the pid later", async () => {
    const run = startRun("exec sleep 1000");
    const pid = run.launcherPid ?? 0;
    const startTime = (await until("it", () => readStat(pid))).startTime;
    const job = { ...run, launcherPid: null, pid };
    expect(processesOf({ ...job, startTime })).toHaveLength(1);
    expect(processesOf({ ...job, startTime: startTime + 1 })).toEqual([]);
  });
});
