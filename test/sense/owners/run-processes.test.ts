import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { LiveRun } from "../../../src/ports.ts";
import { processesOf } from "../../../src/sense/owners/run-processes.ts";
import { readStat } from "../../../src/sense/process.ts";

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

function startRun(script: string): LiveRun {
  const id = `run-${process.pid}-${Math.floor(performance.now())}`;
  const env = { ...process.env, SUPERVISOR_RUN_ID: id };
  const child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: "ignore", env });
  children.push(child);
  return { id, job: "j", launcherPid: child.pid ?? null, pid: null, cpuCgroup: null };
}

describe("the processes of a run", () => {
  it("are its tree without the launcher, parents first", async () => {
    const run = startRun("sh -c 'sleep 1000 & sleep 1001; :'; :");
    const found = await vi.waitUntil(() => {
      const processes = processesOf(run);
      // A process that is just becoming another program has no command line for a moment.
      const named = processes.every(({ command }) => !command.startsWith("["));
      return processes.length === 3 && named ? processes : null;
    }, 30_000);
    expect(found[0]?.command).toMatch(/^sh -c/);
    expect(found.map(({ pid }) => pid)).not.toContain(run.launcherPid);
    expect(
      found
        .slice(1)
        .map(({ command }) => command)
        .sort(),
    ).toEqual(["sleep 1000", "sleep 1001"]);
  });

  it("that left the tree are found by a scan", async () => {
    const run = startRun("(setsid sleep 1003 &); sleep 1000");
    const found = await vi.waitUntil(() => {
      const stray = processesOf(run, { scan: true }).find(({ command }) => command === "sleep 1003");
      return stray && readStat(stray.pid)?.parent !== run.launcherPid ? stray : null;
    }, 30_000);
    strays.push(found.pid);
    expect(processesOf(run).map(({ command }) => command)).toEqual(["sleep 1000"]);
  });

  it("aren't those of somebody who got the pid later", async () => {
    const run = startRun("exec sleep 1000");
    const pid = run.launcherPid ?? 0;
    const startTime = (await vi.waitUntil(() => readStat(pid), 30_000)).startTime;
    const job = { ...run, launcherPid: null, pid };
    expect(processesOf({ ...job, startTime })).toHaveLength(1);
    expect(processesOf({ ...job, startTime: startTime + 1 })).toEqual([]);
  });
});
