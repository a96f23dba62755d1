/**
 * Many runs in cgroups side by side: none is read while all are idle, and each counts as soon as it works.
 * Covers: src/sense/others/our-cpu.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { afterEach, expect, onTestFinished, vi } from "vitest";
import { clock, monotonicMs } from "../../../src/clock.ts";
import type { LiveRun } from "../../../src/ports/live-run.ts";
import type { Sensors } from "../../../src/ports/sensors.ts";
import { Machine } from "../../../src/sense/machine/machine.ts";
import { CgroupCpu } from "../../../src/sense/others/cgroup-cpu.ts";
import { ClaimedCpu } from "../../../src/sense/others/claimed-cpu.ts";
import { OurCpu } from "../../../src/sense/others/our-cpu.ts";
import { readStat } from "../../../src/sense/proc/process.ts";
import { createSensors } from "../../../src/sense/sensors.ts";
import { cpuCgroup, testWith } from "../../needs.ts";
import { until } from "../../until.ts";

const RUNS = 6;
/** Windows long enough for a tick of 10 ms to mean something. */
const PACE = { everyMs: 150 };
const parent = `/sys/fs/cgroup/cpuacct/gpu-job-supervisor-rest-${process.pid}`;
const children: ChildProcess[] = [];
let sensors: Sensors | null = null;

function startRun(i: number): LiveRun {
  // It works for as long as nobody tells it to stop, from the first line on its stdin.
  const child = spawn("/bin/sh", ["-c", "echo up; read line; while :; do :; done"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  children.push(child);
  const cgroup = `${parent}/${i}`;
  mkdirSync(cgroup, { recursive: true });
  writeFileSync(`${cgroup}/cgroup.procs`, String(child.pid));
  return { id: `rest-${i}`, job: `rest-${i}`, launcherPid: null, pid: child.pid ?? 0, cpuCgroup: cgroup };
}

/** All of them wait for their line, and have done with their start. */
async function allWait(): Promise<void> {
  await Promise.all(children.map(({ stdout }) => once(stdout as Readable, "data")));
  await until("all to wait", () => children.every(({ pid }) => readStat(pid ?? 0)?.state === "S"));
}

afterEach(async () => {
  sensors?.close();
  sensors = null;
  const ended = children.splice(0).map((child) => {
    child.kill("SIGKILL");
    return new Promise((resolve) => child.once("exit", resolve));
  });
  await Promise.all(ended);
  const directories = [...Array.from({ length: RUNS }, (_, i) => `${parent}/${i}`), parent];
  for (const directory of directories) await until("its cgroup to be empty", () => removed(directory));
});

const removed = (directory: string): boolean => {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
};

testWith(cpuCgroup)(
  `a run that begins to work after a rest is seen, and only that one${cpuCgroup.met ? "" : `: ${cpuCgroup.reason}`}`,
  async () => {
    const runs = Array.from({ length: RUNS }, (_, i) => startRun(i));
    await allWait();
    sensors = createSensors({ diskPath: "/", supervisorPid: process.pid });
    const used = (): number[] => {
      const { runs: uses } = (sensors as Sensors).sample(runs, clock.now());
      return runs.map(({ id }) => {
        const reading = uses[id]?.cpuPercent;
        return reading && "value" in reading ? reading.value : Number.NaN;
      });
    };
    await until("rest", () => used().every((percent) => percent === 0), PACE);
    children[3]?.stdin?.write("go\n");
    const seen = await until("its work", () => [used()].find((all) => (all[3] ?? 0) > 5), PACE);
    expect(seen.map((percent) => percent > 5)).toEqual(runs.map((_, i) => i === 3));
    children[3]?.kill("SIGSTOP");
    await until("rest", () => used().every((percent) => percent === 0), PACE);
  },
);

testWith(cpuCgroup)("runs at rest cost one read, however often the guard looks in between", async () => {
  const runs = Array.from({ length: RUNS }, (_, i) => startRun(i));
  await allWait();
  const reads = vi.spyOn(CgroupCpu.prototype, "read");
  onTestFinished(() => reads.mockRestore());
  const ours = new OurCpu(process.pid, new ClaimedCpu());
  onTestFinished(() => ours.close());
  const machine = new Machine();
  const look = (followed: LiveRun[], full: boolean): number => {
    const cpu = machine.cpuTimes();
    if ("unavailable" in cpu) throw new Error(cpu.unavailable);
    reads.mockClear();
    ours.look(cpu, followed, monotonicMs(), full);
    return reads.mock.calls.length;
  };
  await until("rest", () => look(runs, true) === 1, PACE);
  for (const followed of [[], runs.slice(0, 4)]) {
    look(followed, false);
    expect(look(runs, true)).toBe(1);
  }
  children[3]?.stdin?.write("go\n");
  await until("its work", () => look(runs, true) === RUNS + 1, PACE);
});
