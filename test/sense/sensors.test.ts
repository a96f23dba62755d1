/**
 * Covers: src/sense/sensors.ts, src/sense/machine/machine.ts, src/sense/machine/memory-sensor.ts,
 * src/sense/machine/memory-use.ts, src/sense/others/cpu-sensor.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { clock } from "../../src/clock.ts";
import { MACHINE_METRICS, type Reading } from "../../src/model/machine.ts";
import type { LiveRun } from "../../src/ports/live-run.ts";
import type { Sensors } from "../../src/ports/sensors.ts";
import { createSensors } from "../../src/sense/sensors.ts";
import { until } from "../until.ts";

let sensors: Sensors;
const children: ChildProcess[] = [];
afterEach(() => {
  sensors.close();
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

const begin = (): void => {
  sensors = createSensors({ diskPath: "/", supervisorPid: process.pid, hidden: null });
};
const figure = (reading: Reading | undefined): number =>
  reading && "value" in reading ? reading.value : Number.NaN;
const runOf = (pid: number | null, cpuCgroup: string | null = null): LiveRun => ({
  id: "r",
  job: "j",
  launcherPid: pid,
  pid: null,
  cpuCgroup,
});

describe("a sample", () => {
  it("has every reading, each with its time or the reason why there is none", () => {
    begin();
    const now = clock.now();
    const sample = sensors.sample([], now);
    expect(Object.keys(sample.machine).sort()).toEqual([...MACHINE_METRICS].sort());
    for (const [metric, reading] of Object.entries(sample.machine)) {
      if ("unavailable" in reading) expect(reading.unavailable, metric).not.toBe("");
      else expect(Number.isFinite(reading.value) && reading.atMs <= now.monotonicMs, metric).toBe(true);
    }
    expect(sample.at).toBe(now);
    expect(sample.gpus).toEqual([]);
    expect(sample.gpusUnavailable).toMatch(/GPU/);
  });

  it("agrees with other counts of this machine", () => {
    begin();
    const { machine } = sensors.sample([], clock.now());
    const available = figure(machine["memory.availableMiB"]);
    expect(available).toBeGreaterThan(0);
    expect(available).toBeLessThanOrEqual(totalmem() / 1024 / 1024);
    expect(figure(machine["memory.availablePercent"])).toBeLessThanOrEqual(100);
    const swap = /^SwapTotal: +(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    expect(figure(machine["swap.usedMiB"])).toBeLessThanOrEqual(Number(swap) / 1024);
  });

  it("knows a run's memory and processes, and that they aren't others'", async () => {
    begin();
    const size = 300;
    const code = `const held = Buffer.alloc(${size} << 20, 1); setInterval(() => held.length, 1000)`;
    children.push(spawn(process.execPath, ["-e", code], { stdio: "ignore" }));
    const run = runOf(children[0]?.pid ?? null);
    // The job is its own launcher's child in life; here a run of one process stands for both.
    const job = { ...run, launcherPid: null, pid: run.launcherPid };
    const found = await until(
      "its memory",
      () => {
        const sample = sensors.sample([job], clock.now());
        return figure(sample.runs.r?.memoryMiB) > size ? sample : null;
      },
      { everyMs: 500 },
    );
    expect(found.runs.r?.processes).toBe(1);
    expect(figure(found.runs.r?.memoryMiB)).toBeLessThan(size + 200);
    // Of all that is used, whatever else comes and goes meanwhile, at least the job's isn't others'.
    const notOthers = (): number => {
      const { machine } = sensors.sample([job], clock.now());
      const available = figure(machine["memory.availableMiB"]);
      const total = (100 * available) / figure(machine["memory.availablePercent"]);
      return total - available - figure(machine["memory.othersMiB"]);
    };
    await until("its memory not to be others'", () => notOthers() > size, { everyMs: 500 });
  });

  it("of runs that don't exist, have gone or lie about their cgroup has reasons, and doesn't throw", () => {
    begin();
    const runs = [
      runOf(2 ** 22 + 1),
      { ...runOf(null), id: "none" },
      { ...runOf(2 ** 22 + 1, "/nowhere"), id: "nowhere" },
      { ...runOf(null, "/proc/self"), id: "odd" },
    ];
    for (let i = 0; i < 3; i++) {
      const sample = sensors.sample(runs, clock.now());
      expect(Object.keys(sample.runs)).toEqual(["r", "none", "nowhere", "odd"]);
      for (const { memoryMiB } of Object.values(sample.runs)) expect(memoryMiB).toHaveProperty("unavailable");
    }
    expect(sensors.sample([], clock.now()).runs).toEqual({});
  });

  it("counts a run's CPU time in percent of the machine", async () => {
    begin();
    children.push(spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
    const run = runOf(children[0]?.pid ?? null);
    sensors.sample([run], clock.now());
    const processors = readFileSync("/proc/stat", "utf8").match(/^cpu\d+ /gm)?.length ?? 1;
    const percents: number[] = [];
    await until(
      "its CPU time in several samples",
      () => {
        const percent = figure(sensors.sample([run], clock.now()).runs.r?.cpuPercent);
        if (percent > 20 / processors) percents.push(percent);
        return percents.length >= 7;
      },
      { everyMs: 300 },
    );
    // Those whose two readings were torn apart, or whose window lost ticks, tell too much.
    const [, low] = percents.sort((a, b) => a - b);
    expect(low).toBeLessThanOrEqual((100 / processors) * 1.3);
  });
});
