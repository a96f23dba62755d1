/**
 * The guard against real load: it calls for outsiders, once between samples, and not for our own job.
 * Covers: src/sense/others/cpu-guard.ts, src/sense/others/cpu-sensor.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { clock } from "../../../src/clock.ts";
import type { LiveRun } from "../../../src/ports/live-run.ts";
import type { Sensors } from "../../../src/ports/sensors.ts";
import { readStat } from "../../../src/sense/proc/process.ts";
import { createSensors } from "../../../src/sense/sensors.ts";
import { cpuCgroup, testWith } from "../../needs.ts";
import { until } from "../../until.ts";

const JOB = new URL("../../children/sense-job.ts", import.meta.url).pathname;
const children: ChildProcess[] = [];
let sensors: Sensors;
let group: string | null = null;

const start = (command: string, ...argv: string[]): number => {
  const child = spawn(command, argv, { stdio: "ignore" });
  children.push(child);
  return child.pid ?? 0;
};
const burn = (...more: string[]): number =>
  start(process.execPath, JOB, "a plain loop", "sense-guard", ...more);

const burnAll = (): number[] => Array.from({ length: availableParallelism() }, () => burn());

/** Waits until each has used as much CPU time as several of the guard's looks are apart, and as long. */
async function works(pids: number[]): Promise<void> {
  const ticks = (): number[] => pids.map((pid) => readStat(pid)?.own ?? 0);
  const from = ticks();
  await until("its work", () => ticks().every((used, i) => used >= (from[i] ?? 0) + 60), { everyMs: 50 });
}

function begin(): void {
  sensors = createSensors({ diskPath: "/", supervisorPid: start("sleep", "1000"), hidden: null });
}

afterEach(async () => {
  sensors.close();
  const ended = children.map(
    (child) => child.exitCode ?? new Promise((resolve) => child.once("exit", resolve)),
  );
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(ended);
  const directory = group;
  group = null;
  if (directory) await until("its cgroup to be empty", () => removed(directory));
});

const removed = (directory: string): boolean => {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
};

describe("the guard", () => {
  it("calls once for an outsider, again after a sample that hasn't proven it, and the sample sees it", async () => {
    begin();
    const run: LiveRun = {
      id: "r",
      job: "j",
      launcherPid: start("sleep", "1000"),
      pid: null,
      cpuCgroup: null,
    };
    const suspect = vi.fn();
    sensors.sample([run], clock.now());
    sensors.guard(5, [run], suspect);
    const load = burnAll();
    await until("a call", () => suspect.mock.calls.length > 0);
    // Nothing but a sample lets it call again: a call now would be a second one.
    await works(load);
    expect(suspect).toHaveBeenCalledTimes(1);
    const sample = sensors.sample([run], clock.now());
    expect(sample.machine["cpu.others"]).toHaveProperty("upTo");
    expect((sample.machine["cpu.others"] as { upTo: number }).upTo).toBeGreaterThan(5);
    await until("a second call", () => suspect.mock.calls.length > 1);
    const proven = sensors.sample([run], clock.now());
    expect((proven.machine["cpu.others"] as { value: number }).value).toBeGreaterThan(5);
  });

  testWith(cpuCgroup)(
    `leaves a job in its cgroup alone that uses all processors${cpuCgroup.met ? "" : `: ${cpuCgroup.reason}`}`,
    async () => {
      begin();
      group = `/sys/fs/cgroup/cpuacct/gpu-job-supervisor-guard-${process.pid}`;
      mkdirSync(group);
      const pids = Array.from({ length: availableParallelism() }, () => burn(group as string));
      const run: LiveRun = { id: "r", job: "j", launcherPid: pids[0] ?? 0, pid: null, cpuCgroup: group };
      const suspect = vi.fn();
      let total = 0;
      const used = (): number => {
        const { runs, machine } = sensors.sample([run], clock.now());
        const all = machine["cpu.total"];
        total = "value" in all ? all.value : 0;
        const reading = runs.r?.cpuPercent;
        return reading && "value" in reading ? reading.value : 0;
      };
      // Its processes need a moment to enter the cgroup.
      await until("the job at work on a busy machine", () => used() > 15 && total > 95, { everyMs: 200 });
      // Whatever others do on this machine, they leave it more than a tenth.
      sensors.guard(90, [run], suspect);
      let looks = 0;
      await until("more samples", () => used() >= 0 && ++looks > 8, { everyMs: 200 });
      expect(suspect).not.toHaveBeenCalled();
    },
  );

  it("is quiet when it is turned off", async () => {
    begin();
    const suspect = vi.fn();
    sensors.guard(0, [], suspect);
    sensors.guard(null, [], suspect);
    await works(burnAll());
    expect(suspect).not.toHaveBeenCalled();
  });

  it("is off where the host's processes are hidden, and so is cpu.others, with the reason", async () => {
    sensors = createSensors({ diskPath: "/", supervisorPid: process.pid, hidden: "because" });
    const suspect = vi.fn();
    sensors.guard(0, [], suspect);
    await works(burnAll());
    expect(suspect).not.toHaveBeenCalled();
    const { machine } = sensors.sample([], clock.now());
    expect(machine["cpu.others"]).toEqual({ unavailable: "because" });
    expect(machine["cpu.total"]).toHaveProperty("value");
  });
});
