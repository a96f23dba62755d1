/**
 * What sensing costs in CPU time: a full sample with 1 and with 100 live runs (in cgroups where they
 * can be made, and by process trees), the fast guard per minute, and the bare reads beside them.
 * Runs are real `sleep` processes. `node bench/sense.ts` prints it; `measure()` returns it.
 */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readSync, rmdirSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { clock } from "../src/clock.ts";
import type { LiveRun } from "../src/ports/live-run.ts";
import { ClaimedCpu } from "../src/sense/others/claimed-cpu.ts";
import { scanProcesses } from "../src/sense/others/scan-processes.ts";
import { ProcessOwners } from "../src/sense/owners/process-owners.ts";
import { createSensors } from "../src/sense/sensors.ts";
import type { Measured } from "./run.ts";

const WARM_UP = 10;
/** Lets the machine's clock of CPU time, which has steps of 10 ms, go on between two samples. */
const PAUSE_MS = 50;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

interface Runs {
  live: LiveRun[];
  end(): Promise<void>;
}

/** `count` sleeping runs, each with a launcher and a job; in cgroups of their own when asked and possible. */
function startRuns(count: number, grouped: boolean): Runs {
  const parent = `/sys/fs/cgroup/cpuacct/gpu-job-supervisor-bench-${process.pid}`;
  const children = Array.from({ length: count }, () =>
    spawn("/bin/sh", ["-c", "sleep 1000 & echo $!; wait"], {
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
    }),
  );
  const directories: string[] = [];
  const live = children.map((child, i): LiveRun => {
    const pid = child.pid ?? 0;
    let cpuCgroup: string | null = null;
    if (grouped) {
      cpuCgroup = `${parent}/${i}`;
      mkdirSync(cpuCgroup, { recursive: true });
      writeFileSync(`${cpuCgroup}/cgroup.procs`, String(pid));
      directories.push(cpuCgroup);
    }
    return { id: `bench-${i}`, job: `bench-${i}`, launcherPid: pid, pid: null, cpuCgroup };
  });
  const end = async (): Promise<void> => {
    const ended = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const { pid } of children) if (pid) process.kill(-pid, "SIGKILL");
    await Promise.all(ended);
    if (!grouped) return;
    for (const directory of [...directories, parent]) await removeWhenEmpty(directory);
  };
  return { live, end };
}

async function removeWhenEmpty(directory: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      rmdirSync(directory);
      return;
    } catch {
      await wait(20);
    }
  }
}

/** Mean CPU per sample while nobody else uses the machine (no scan). Each is told that a second has passed, so that what is read less often counts as it does at 1 Hz. */
async function sampleCost(count: number, grouped: boolean, samples: number): Promise<number> {
  const runs = startRuns(count, grouped);
  // On a busy machine samples would also scan; that is measured by itself.
  const sensors = createSensors({ diskPath: "/", supervisorPid: process.pid, hidden: "not measured" });
  const start = clock.now();
  let spent = 0;
  for (let i = 0; i < samples + WARM_UP; i++) {
    await wait(PAUSE_MS);
    const now = { wallMs: start.wallMs + i * 1000, monotonicMs: start.monotonicMs + i * 1000 };
    const before = cpuMs();
    sensors.sample(runs.live, now);
    if (i >= WARM_UP) spent += cpuMs() - before;
  }
  sensors.close();
  await runs.end();
  return spent / samples;
}

/** The same files as a sample of one run reads, without looking at what they say. */
async function bareCost(samples: number): Promise<number> {
  const paths = [
    "/proc/stat",
    "/proc/meminfo",
    "/proc/pressure/cpu",
    "/proc/pressure/memory",
    "/proc/pressure/io",
  ];
  const files = [...paths, `/proc/${process.pid}/stat`].map((path) => openSync(path, "r"));
  const buffer = Buffer.alloc(65_536);
  let spent = 0;
  for (let i = 0; i < samples + WARM_UP; i++) {
    await wait(PAUSE_MS);
    const before = cpuMs();
    for (const file of files) readSync(file, buffer, 0, buffer.length, 0);
    if (i >= WARM_UP) spent += cpuMs() - before;
  }
  for (const file of files) closeSync(file);
  return spent / samples;
}

/** CPU seconds per minute of an idle process with the guard, less one without. */
async function guardCost(seconds: number, runs: LiveRun[]): Promise<number> {
  const idleSince = cpuMs();
  await wait(seconds * 1000);
  const idle = cpuMs() - idleSince;
  const sensors = createSensors({ diskPath: "/", supervisorPid: process.pid, hidden: null });
  sensors.guard(100, runs, () => {});
  const since = cpuMs();
  await wait(seconds * 1000);
  const spent = cpuMs() - since - idle;
  sensors.close();
  return ((spent / seconds) * 60) / 1000;
}

/** CPU ms of one scan of all processes, and how many there are. */
async function scanCost(scans: number): Promise<{ ms: number; processes: number }> {
  const owners = new ProcessOwners(process.pid);
  const at = { atMs: 0, bootTicks: 0, cpuAll: 0, trees: new Map() };
  const nobody = { runs: [], claims: [], claimed: new ClaimedCpu() };
  let processes = scanProcesses(owners, nobody, at).table.size;
  const before = cpuMs();
  for (let i = 0; i < scans; i++) {
    await wait(PAUSE_MS);
    processes = scanProcesses(owners, nobody, at).table.size;
  }
  return { ms: (cpuMs() - before) / scans, processes };
}

function canGroup(): boolean {
  const probe = `/sys/fs/cgroup/cpuacct/gpu-job-supervisor-probe-${process.pid}`;
  try {
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}

export async function measure(): Promise<Measured[]> {
  const grouped = canGroup();
  const ms = (name: string, value: number, target: number | null, detail: string): Measured => ({
    name,
    unit: "ms of CPU",
    value: Math.round(value * 1000) / 1000,
    target,
    detail,
  });
  const measured = [
    ms("bare reads of one sample", await bareCost(100), null, "six files, kept open, not parsed"),
  ];
  if (grouped) {
    measured.push(
      ms("sample, 1 run in a cgroup", await sampleCost(1, true, 100), 1, "nobody else busy: no scan"),
    );
    measured.push(
      ms("sample, 100 runs in cgroups", await sampleCost(100, true, 100), 5, "nobody else busy: no scan"),
    );
  }
  measured.push(ms("sample, 1 run by its tree", await sampleCost(1, false, 100), 1, "a launcher and a job"));
  measured.push(ms("sample, 100 runs by their trees", await sampleCost(100, false, 100), 5, "200 processes"));
  const scan = await scanCost(50);
  measured.push(
    ms(
      "one scan of all processes",
      scan.ms,
      null,
      `${scan.processes} processes; only while others use the CPU`,
    ),
  );
  const runs = startRuns(1, grouped);
  const guard = await guardCost(15, runs.live);
  await runs.end();
  measured.push({
    name: "fast guard",
    unit: "s of CPU a minute",
    value: Math.round(guard * 1000) / 1000,
    target: 0.15,
    detail: `every 166 ms, 1 run ${grouped ? "in a cgroup" : "by its tree"}, over 15 s`,
  });
  return measured;
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
