/**
 * Attribution of a GPU's processes, with real processes of every kind on a GPU.
 * Covers: src/sense/gpu/attribute-gpu.ts, src/sense/gpu/newcomers.ts, src/sense/gpu/present-process.ts,
 * src/sense/gpu/known-processes.ts, src/sense/owners/evidence.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ENV } from "../../../src/contract/names.ts";
import type { GpuProcess, GpuSample, Reading } from "../../../src/model/machine.ts";
import type { LiveRun } from "../../../src/ports/live-run.ts";
import { GpuAttribution } from "../../../src/sense/gpu/attribute-gpu.ts";
import type { GpuReport, ProcessReport } from "../../../src/sense/gpu/report.ts";
import { ProcessOwners } from "../../../src/sense/owners/process-owners.ts";
import { readCommand, readStat } from "../../../src/sense/proc/process.ts";
import { until } from "../../scenarios/real-supervisor.ts";

let attribution: GpuAttribution;
let ignore: string[];
const children: ChildProcess[] = [];
const strays: number[] = [];
const begin = (blind: string | null = null, arrivals = new Map<string, number>()): void => {
  const owners = new ProcessOwners(process.pid);
  attribution = new GpuAttribution(owners, blind, () => ({ ignore, ignoreGpuBelow: 30 }), arrivals);
};
beforeEach(() => {
  ignore = [];
  begin();
});
afterEach(() => {
  attribution.close();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const pid of strays.splice(0)) if (readStat(pid)) process.kill(pid, "SIGKILL");
});

/** Not a child of this process, which stands for the supervisor: started by a shell that has ended. */
async function stranger(env: Record<string, string>, ...setsid: string[]): Promise<number> {
  const script = `${setsid.join(" ")} sleep 1000 </dev/null >/dev/null 2>&1 & echo $!`;
  const shell = spawn("/bin/sh", ["-c", script], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  shell.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const pid = await until("its pid", () => shell.exitCode !== null && Number(said));
  strays.push(pid);
  // Its name changes first, then its memory, in which command line and environment are.
  await until("its program", () => {
    const stat = readStat(pid);
    return stat && readCommand(stat).startsWith("sleep");
  });
  return pid;
}

const run = (launcher: ChildProcess, more: Partial<LiveRun> = {}): LiveRun => ({
  id: "run-1",
  job: "train",
  launcherPid: launcher.pid ?? null,
  pid: null,
  cpuCgroup: null,
  ...more,
});

/** A launcher with a child, as the supervisor starts them. */
async function launcher(): Promise<{ launcher: ChildProcess; child: number }> {
  const shell = spawn("/bin/sh", ["-c", "sleep 1000 & echo $!; wait"], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  children.push(shell);
  let said = "";
  shell.stdout?.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const child = await until("its child", () => Number(said));
  strays.push(child);
  return { launcher: shell, child };
}

let atMs = 0;
type Listed = Partial<ProcessReport> & { pid: number };
const look = (runs: LiveRun[], ...processes: Listed[]): GpuSample => lookAt({}, runs, ...processes);
function lookAt(more: Partial<GpuReport>, runs: LiveRun[], ...processes: Listed[]): GpuSample {
  atMs += 1000;
  const gpu: GpuReport = {
    uuid: "GPU-1",
    index: 0,
    name: "x",
    source: "NVML",
    utilization: 90,
    memoryTotalMiB: 24_000,
    memoryFreeMiB: 18_500,
    memoryUsedMiB: 5000,
    temperature: 50,
    powerWatts: 100,
    powerLimitWatts: 450,
    throttled: 0,
    processes: processes.map((one) => ({ memoryMiB: 1000, smPercent: 40, ...one })),
    ...more,
  };
  return attribution.samples({ atMs, gpus: [gpu] }, runs)[0] as GpuSample;
}
const of = (sample: GpuSample, pid: number): GpuProcess | undefined =>
  sample.processes.find((one) => one.pid === pid);
const value = (reading: Reading): number => ("value" in reading ? reading.value : Number.NaN);

it("a run's launcher and children are ours, somebody else's process isn't", async () => {
  const { launcher: parent, child } = await launcher();
  const foreign = await stranger({}, "setsid");
  const sample = look([run(parent)], { pid: child }, { pid: foreign, smPercent: 33 });
  expect(of(sample, child)).toMatchObject({ ours: "run-1" });
  expect(of(sample, foreign)).toMatchObject({
    ours: null,
    gpuPercent: 33,
    startTime: readStat(foreign)?.startTime,
  });
  expect(of(sample, foreign)?.command).toContain("sleep");
  expect(value(sample.metrics["gpu.others.utilization"])).toBe(33);
});

it("a worker that left the tree is ours by its environment; another supervisor's isn't", async () => {
  const { launcher: parent } = await launcher();
  const ours = await stranger({ [ENV.runId]: "run-1" }, "setsid");
  const theirs = await stranger({ [ENV.runId]: "run-of-another" }, "setsid");
  const sample = look([run(parent)], { pid: ours }, { pid: theirs });
  expect(of(sample, ours)?.ours).toBe("run-1");
  expect(of(sample, theirs)?.ours).toBeNull();
});

it("what an ended run has left behind stays ours", async () => {
  const { launcher: parent } = await launcher();
  const ours = await stranger({ [ENV.runId]: "run-1" }, "setsid");
  expect(of(look([run(parent)], { pid: ours }), ours)?.ours).toBe("run-1");
  expect(of(look([], { pid: ours }), ours)?.ours).toBe("run-1");
  expect(value(look([], { pid: ours }).metrics["gpu.others.utilization"])).toBe(0);
});

it("a process that has ended is nobody's, and a pid that never was isn't listed", async () => {
  const foreign = await stranger({}, "setsid");
  expect(of(look([], { pid: foreign }), foreign)?.ours).toBeNull();
  process.kill(foreign, "SIGKILL");
  await until("its end", () => readStat(foreign) === null);
  const after = look([], { pid: foreign }, { pid: 2 ** 22 + 5 });
  expect(after.processes).toEqual([]);
  expect(value(after.metrics["gpu.others.utilization"])).toBe(0);
});

it("a zombie uses nothing, however late it is reaped", async () => {
  // exec makes a parent that never waits for its child.
  const parent = spawn("/bin/sh", ["-c", "sleep 1000 & echo $!; exec sleep 1001"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(parent);
  let said = "";
  parent.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const pid = await until("its child", () => Number(said));
  expect(of(look([], { pid }), pid)).toBeDefined();
  // A shell might reap it.
  await until("its parent's program", () => readStat(parent.pid as number)?.name === "sleep");
  process.kill(pid, "SIGKILL");
  await until("a zombie", () => readStat(pid)?.state === "Z");
  expect(look([], { pid }).processes).toEqual([]);
});

it("programs of the ignore list don't count until they compute", async () => {
  ignore = ["sleep"];
  const desktop = await stranger({}, "setsid");
  const idle = look([], { pid: desktop, smPercent: 12 });
  expect(of(idle, desktop)).toMatchObject({ ours: null, counts: false });
  expect(value(idle.metrics["gpu.others.memoryMiB"])).toBe(0);
  const busy = look([], { pid: desktop, smPercent: 45 });
  expect(of(busy, desktop)?.counts).toBeUndefined();
  expect(value(busy.metrics["gpu.others.utilization"])).toBe(45);
});

it("who came after our run is a newcomer, and stays one when the run has gone", async () => {
  const before = await stranger({}, "setsid");
  // Start times have steps of 10 ms.
  await until("a later start time", () => process.uptime() * 100 > 0 && later(before));
  const { launcher: parent, child } = await launcher();
  await until("a later start time", () => later(child));
  const game = await stranger({}, "setsid");
  const there = look([run(parent)], { pid: before }, { pid: child }, { pid: game, memoryMiB: 412 });
  expect(value(there.metrics["gpu.newcomers.memoryMiB"])).toBe(412);
  expect(of(there, game)?.newcomer).toBe(true);
  expect(of(there, before)?.newcomer).toBeUndefined();
  const after = look([], { pid: before }, { pid: game, memoryMiB: 412 });
  expect(value(after.metrics["gpu.newcomers.memoryMiB"])).toBe(412);
  expect(value(after.metrics["gpu.others.memoryMiB"])).toBe(1412);
});

it("a newcomer is one to a later supervisor, too, whether the run still goes on or has made room", async () => {
  const before = await stranger({}, "setsid");
  await until("a later start time", () => later(before));
  const { launcher: parent, child } = await launcher();
  const began = readStat(child)?.startTime as number;
  await until("a later start time", () => later(child));
  const game = await stranger({}, "setsid");
  const there = [{ pid: before }, { pid: game, memoryMiB: 412 }];
  begin();
  expect(value(look([run(parent)], { pid: child }, ...there).metrics["gpu.newcomers.memoryMiB"])).toBe(412);
  begin(null, new Map([["GPU-1", began]]));
  expect(value(look([], ...there).metrics["gpu.newcomers.memoryMiB"])).toBe(412);
  // A run that begins there now came after both.
  const next = await launcher();
  await until("its start", () => readStat(next.child) !== null);
  const again = look([run(next.launcher)], { pid: next.child }, ...there);
  expect(value(again.metrics["gpu.newcomers.memoryMiB"])).toBe(0);
});

it("in a container nothing is known while a job of ours may be there, and everything is others' when none is", async () => {
  begin("a container");
  const { launcher: parent, child } = await launcher();
  const here = look([run(parent)], { pid: child });
  expect(here.metrics["gpu.others.utilization"]).toEqual({ unavailable: "a container" });
  expect(here.processes).toEqual([]);
  const elsewhere = look([run(parent, { gpus: ["GPU-2"] })], { pid: child });
  expect(value(elsewhere.metrics["gpu.others.utilization"])).toBe(90);
  const without = look([run(parent, { gpus: [], noGpu: true })], { pid: child });
  expect(value(without.metrics["gpu.others.utilization"])).toBe(90);
});

it("under WDDM a pid that exists here too proves nothing", async () => {
  const foreign = await stranger({}, "setsid");
  const { launcher: parent } = await launcher();
  const sample = lookAt({ blind: "hidden by WDDM" }, [run(parent)], { pid: foreign, memoryMiB: "hidden" });
  expect(sample.metrics["gpu.others.memoryMiB"]).toEqual({ unavailable: "hidden by WDDM" });
  expect(sample.processes).toEqual([]);
});

it("whose memory a driver tells nonsense of is the owner's that its pid names", async () => {
  const foreign = await stranger({}, "setsid");
  const { launcher: parent, child } = await launcher();
  const absurd = { memoryMiB: "the driver reports 2.1 TiB used by one process" };
  const sample = look([run(parent)], { pid: foreign, smPercent: 61, ...absurd }, { pid: child, ...absurd });
  expect(of(sample, child)?.ours).toBe("run-1");
  expect(of(sample, foreign)).toMatchObject({ ours: null, gpuPercent: 61 });
  expect(value(sample.metrics["gpu.others.utilization"])).toBe(61);
  expect(sample.metrics["gpu.others.memoryMiB"]).toMatchObject({ value: 0, upTo: 5000 });
});

/** Whether a process that starts now is younger by the kernel's clock. */
function later(pid: number): boolean {
  const probe = Number(process.hrtime.bigint() / 10_000_000n);
  return probe > (readStat(pid)?.startTime ?? Number.POSITIVE_INFINITY) + 2;
}
