/**
 * Many runs in cgroups side by side: none is read while all are idle, and each counts as soon as it works.
 * Covers: src/sense/others/our-cpu.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { afterEach, expect } from "vitest";
import { clock } from "../../../src/clock.ts";
import type { LiveRun } from "../../../src/ports/live-run.ts";
import type { Sensors } from "../../../src/ports/sensors.ts";
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
  const child = spawn("/bin/sh", ["-c", "read line; while :; do :; done"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  children.push(child);
  const cgroup = `${parent}/${i}`;
  mkdirSync(cgroup, { recursive: true });
  writeFileSync(`${cgroup}/cgroup.procs`, String(child.pid));
  return { id: `rest-${i}`, job: `rest-${i}`, launcherPid: null, pid: child.pid ?? 0, cpuCgroup: cgroup };
}

afterEach(async () => {
  sensors?.close();
  const ended = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  for (const child of children) child.kill("SIGKILL");
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
