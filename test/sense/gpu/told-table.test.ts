/**
 * The table of docs/gpu.md on what each source tells, held to the sources; and what happens without a figure.
 * Covers: src/sense/gpu/readings.ts, src/sense/gpu/report.ts, src/decide/sharing/gpu-memory.ts
 */
import { spawn } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { DEFAULT_RULES } from "../../../src/config/schema/defaults.ts";
import { GPU_METRICS, type GpuMetric, type GpuSample } from "../../../src/model/machine.ts";
import { openDrm } from "../../../src/sense/gpu/drm/read-drm.ts";
import { plausible } from "../../../src/sense/gpu/plausible.ts";
import { type OwnedProcess, readingsOf } from "../../../src/sense/gpu/readings.ts";
import type { GpuReport } from "../../../src/sense/gpu/report.ts";
import { joinReports, parseGpus } from "../../../src/sense/gpu/smi/parse.ts";
import { at, figure, makeGpu, makeJob } from "../../decide/make.ts";
import { Desk, started } from "../../decide/sharing/desk.ts";
import { FakeSys } from "../../fakes/sysfs.ts";
import { compiler, testWith } from "../../needs.ts";
import { isComplete, Reading } from "./reading.ts";

const GIB = 1024 ** 3;
const page = readFileSync(join(import.meta.dirname, "../../../docs/gpu.md"), "utf8");
const rows = (page.split("\n| figure | ")[1] ?? "")
  .split("\n\n")[0]
  ?.split("\n")
  .slice(2)
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
const table = new Map(rows?.map(([figure = "", ...cells]) => [figure, cells]));
const SOURCES = ["NVML", "nvidia-smi", "amdgpu", "i915, xe"] as const;

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** What this GPU tells while a foreign process is on it, as a cell of each row of the table. */
function told(report: GpuReport): Record<string, string> {
  const listed = typeof report.processes === "string" ? [] : report.processes;
  const owned = listed.map((one): OwnedProcess => ({ ...one, party: "others", younger: true }));
  const ours: OwnedProcess = { pid: 1, memoryMiB: 10, smPercent: "untold", party: "ours", younger: false };
  const here = { atMs: 1, oursHere: true, blind: null, ignoreBelow: 30, visited: true };
  const metrics = readingsOf(report, [...owned, ours], here);
  const cell = (value: unknown): string => (typeof value === "number" ? "yes" : "–");
  return {
    ...Object.fromEntries(
      GPU_METRICS.map((metric) => {
        const reading = metrics[metric];
        const doubt = "value" in reading && reading.value === 0 && (reading.upTo ?? 0) > 0;
        const least = "value" in reading && reading.estimated !== undefined;
        return [metric, doubt ? "doubt" : least ? "least" : "value" in reading ? "yes" : "–"];
      }),
    ),
    "memory in all": cell(report.memoryTotalMiB),
    "memory used": cell(report.memoryUsedMiB),
    "power limit": cell(report.powerLimitWatts),
  };
}

/** A cell may say what an ordinary user is told instead: "yes (least)". */
function column(
  source: (typeof SOURCES)[number],
  user: "root" | "ordinary" = "root",
): Record<string, string> {
  const cellFor = (said: string): string => {
    const [, all = "", alone = all] = /^(\S+)(?: \((\S+)\))?$/.exec(said) ?? [];
    return user === "root" ? all : alone;
  };
  return Object.fromEntries(
    [...table].map(([figure, cells]) => [figure, cellFor(cells[SOURCES.indexOf(source)] ?? "")]),
  );
}

async function kernel(fill: (sys: FakeSys) => void, then: (sys: FakeSys) => void): Promise<GpuReport> {
  const sys = new FakeSys();
  ends.push(() => sys.close());
  fill(sys);
  const reader = openDrm(sys.root);
  await reader.poll(0);
  then(sys);
  const message = await reader.poll(20_000);
  return plausible((message.is === "report" ? message.gpus[0] : undefined) as GpuReport);
}

/** Two looks by a program that runs as an ordinary user; `change` comes between them. */
async function lookAsOrdinary(sys: FakeSys, change: () => void): Promise<GpuReport> {
  chmodSync(sys.root, 0o755);
  const module = resolve(import.meta.dirname, "../../../src/sense/gpu/drm/read-drm.ts");
  const program = `
    const { openDrm } = await import(${JSON.stringify(module)});
    const reader = openDrm(${JSON.stringify(sys.root)});
    reader.poll(0);
    console.log("looked");
    process.stdin.once("data", async () => process.stdout.end(JSON.stringify((await reader.poll(20_000)).gpus[0])));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["pipe", "pipe", "inherit"],
    ...(process.getuid?.() === 0 && { uid: 64_125, gid: 64_125 }),
  });
  ends.push(() => child.kill("SIGKILL"));
  let last = "";
  for await (const line of createInterface(child.stdout)) {
    last = line;
    if (line !== "looked") break;
    change();
    child.stdin.end("again");
  }
  return JSON.parse(last);
}

it("the table has a row for every metric of a GPU, each with what happens without it", () => {
  const figures = [...GPU_METRICS, "memory in all", "memory used", "power limit"];
  expect([...table.keys()].sort()).toEqual(figures.sort());
  for (const cells of table.values()) expect(cells[SOURCES.length]?.length).toBeGreaterThan(10);
});

describe("a cell says what its source tells", () => {
  testWith(compiler)("NVML (needs a C compiler)", async () => {
    const reading = new Reading({
      gpus: [{ util: 60, used: 5000 }],
      processes: [{ gpu: 0, pid: 4001, memory: 4000, sm: 60 }],
    });
    ends.push(() => reading.close());
    const [gpu] = await reading.sees("a GPU", isComplete);
    expect(told(gpu as GpuReport)).toEqual(column("NVML"));
  });

  it("nvidia-smi", () => {
    const states = "Not Active, Not Active, Not Active";
    const rows = parseGpus(`GPU-1, 0, 60, 24564, 19000, 5000, 60, 120.0, 350.0, ${states}, Card\n`);
    const [gpu] = joinReports(rows, "GPU-1, 4001, 4000\n", "").map(plausible);
    expect(told(gpu as GpuReport)).toEqual(column("nvidia-smi"));
  });

  it("amdgpu", async () => {
    const address = "0000:03:00.0";
    const client = (sys: FakeSys, ns: number): void =>
      sys.open(4001, 3, "amdgpu", address, { "memory-vram": "2 GiB", "engine-gfx": `${ns} ns` });
    const gpu = await kernel(
      (sys) => {
        const files = {
          gpu_busy_percent: 60,
          mem_busy_percent: 1,
          mem_info_vram_total: 16 * GIB,
          mem_info_vram_used: 3 * GIB,
          "hwmon/hwmon1/temp1_input": 60_000,
          "hwmon/hwmon1/power1_average": 90_000_000,
          "hwmon/hwmon1/power1_cap": 250_000_000,
        };
        sys.card({ driver: "amdgpu", address, files });
        client(sys, 0);
      },
      (sys) => client(sys, 9e9),
    );
    expect(told(gpu)).toEqual(column("amdgpu"));
  });

  it("xe", async () => {
    const address = "0000:03:00.0";
    const client = (sys: FakeSys, busy: number): void =>
      sys.open(4001, 3, "xe", address, {
        "resident-vram0": "2 GiB",
        "cycles-ccs": String(busy),
        "total-cycles-ccs": String(2 * busy + 1),
      });
    const gpu = await kernel(
      (sys) => {
        const files = { "hwmon/hwmon2/temp2_label": "pkg", "hwmon/hwmon2/temp2_input": 50_000 };
        sys.card({ driver: "xe", address, files });
        client(sys, 0);
      },
      (sys) => client(sys, 5000),
    );
    expect(told(gpu)).toEqual(column("i915, xe"));
  });

  it("xe, to an ordinary user", async () => {
    const address = "0000:03:00.0";
    const sys = new FakeSys();
    ends.push(() => sys.close());
    const files = { "hwmon/hwmon2/temp2_label": "pkg", "hwmon/hwmon2/temp2_input": 50_000 };
    sys.card({ driver: "xe", address, files });
    sys.open(4002, 3, "xe", address, { "resident-vram0": "1 GiB" });
    chmodSync(join(sys.root, "proc/4002/fd"), 0);
    const works = (busy: number, all: number): void => {
      const cycles = { "cycles-ccs": String(busy), "total-cycles-ccs": String(all) };
      sys.open(4001, 3, "xe", address, { "resident-vram0": "2 GiB", ...cycles });
    };
    works(100, 1000);
    const gpu = await lookAsOrdinary(sys, () => works(470, 2000));
    expect(gpu.processes).toMatchObject([{ pid: 4001, smPercent: 37 }]);
    expect(told(gpu)).toEqual(column("i915, xe", "ordinary"));
    expect(gpu.unlisted).toMatch(/can't be inspected/);
  });
});

describe("a job starts", () => {
  const without = (second: number, missing: readonly GpuMetric[]): GpuSample => {
    const all = Object.fromEntries(GPU_METRICS.map((metric) => [metric, 0])) as Record<GpuMetric, number>;
    const gpu = makeGpu(at(second), "GPU-0", 0, { ...all, "gpu.memory.freeMiB": 20_000 });
    const metrics = { ...gpu.metrics };
    for (const metric of missing) metrics[metric] = { unavailable: "it isn't told" };
    return { ...gpu, metrics };
  };
  const job = makeJob();
  const known = { ...job, learned: { gpuMemoryMiB: { "GPU-0": figure(9000) } } };

  it.each([...GPU_METRICS.map((metric) => [metric]), [...GPU_METRICS]])("without %s", (...missing) => {
    const desk = new Desk([known], {
      rules: DEFAULT_RULES.filter(({ metric }) => metric.startsWith("gpu.")),
    });
    let went: string[] = [];
    for (let second = 0; second < 30 && went.length === 0; second++)
      went = started(desk.tick(second, { gpus: [without(second, missing)] }));
    expect(went).toEqual(["GPU-0"]);
  });
});
