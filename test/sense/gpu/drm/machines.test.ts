/**
 * Whole machines with AMD's and Intel's GPUs, written by hand after the kernel's documentation.
 * Covers: src/sense/gpu/drm/read-drm.ts, src/sense/gpu/drm/find-cards.ts, src/sense/gpu/drm/kfd-nodes.ts,
 * src/sense/gpu/drm/compute-use.ts, src/sense/gpu/drm/sweep.ts, src/sense/gpu/drm/parse-card.ts
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isApu, ownSensor } from "../../../../src/sense/gpu/drm/parse-card.ts";
import { openDrm } from "../../../../src/sense/gpu/drm/read-drm.ts";
import { plausible } from "../../../../src/sense/gpu/plausible.ts";
import type { GpuReport } from "../../../../src/sense/gpu/report.ts";
import { FakeSys } from "../../../fakes/sysfs.ts";

const GIB = 1024 ** 3;
let sys: FakeSys;
beforeEach(() => {
  sys = new FakeSys();
});
afterEach(() => sys.close());

async function poll(...changes: (() => void)[]): Promise<GpuReport[]> {
  const reader = openDrm(sys.root);
  let message = await reader.poll(0);
  for (const [turn, change] of changes.entries()) {
    change();
    message = await reader.poll(20_000 * (turn + 1));
  }
  return message.is === "report" ? message.gpus : [];
}
const pids = ({ processes }: GpuReport): number[] =>
  typeof processes === "string" ? [] : processes.map(({ pid }) => pid).sort((a, b) => a - b);

describe("two AMD cards with one program that computes", () => {
  const card = (address: string, busy: number, usedMiB: number): string =>
    sys.card({
      driver: "amdgpu",
      address,
      files: {
        gpu_busy_percent: busy,
        mem_busy_percent: 3,
        mem_info_vram_total: 24 * GIB,
        mem_info_vram_used: usedMiB * 1024 ** 2,
        mem_info_gtt_total: 62 * GIB,
        unique_id: address.includes("44") ? "9c01f27b33d86ea5" : "0",
        "hwmon/hwmon3/temp1_label": "edge",
        "hwmon/hwmon3/temp1_input": 58_000,
        "hwmon/hwmon3/temp2_label": "junction",
        "hwmon/hwmon3/temp2_input": 83_000,
      },
    });

  it("show it where it holds memory or a queue, not on each GPU that has a file for it", async () => {
    card("0000:43:00.0", 0, 300);
    card("0000:44:00.0", 96, 9000);
    sys.kfdNode(1, 7117, "4300");
    sys.kfdNode(2, 9229, "4400");
    sys.kfdProcess(6301, 7117, 0);
    sys.kfdProcess(6301, 9229, 8600, 2);
    sys.kfdProcess(6302, 7117, 0);
    sys.kfdProcess(6302, 9229, 0, 1);
    // The runtime opens every render node.
    for (const [fd, address] of ["0000:43:00.0", "0000:44:00.0"].entries())
      sys.open(6301, fd, "amdgpu", address, { "memory-vram": "0 KiB", "memory-gtt": "0 KiB" });
    const [first, second] = (await poll()) as [GpuReport, GpuReport];
    expect(pids(first)).toEqual([]);
    expect(pids(second)).toEqual([6301, 6302]);
    expect(second.processes).toMatchObject([
      { pid: 6301, memoryMiB: 8600 },
      { pid: 6302, memoryMiB: 0 },
    ]);
    expect(second).toMatchObject({ source: "amdgpu", utilization: 96, temperature: 58 });
    expect(second).not.toHaveProperty("integrated");
    expect([first.device, second.device]).toEqual([
      { runtime: "rocm", number: 0 },
      { runtime: "rocm", number: 1, alias: "GPU-9c01f27b33d86ea5" },
    ]);
  });

  it("of which the compute driver knows one leave the other to no program", async () => {
    card("0000:43:00.0", 0, 300);
    card("0000:44:00.0", 0, 300);
    sys.kfdNode(0, 0, "0");
    sys.kfdNode(4, 9229, "4400");
    const [first, second] = (await poll()) as [GpuReport, GpuReport];
    expect(first.device).toBeUndefined();
    expect(second.device).toMatchObject({ runtime: "rocm", number: 0 });
  });
});

describe("an AMD card that tells more memory in use than it has", () => {
  it.each([13 * GIB, 2 ** 50])("has none that is known to be free: %d bytes used", async (used) => {
    const files = { mem_info_vram_total: 12 * GIB, mem_info_vram_used: used, mem_busy_percent: 0 };
    sys.card({ driver: "amdgpu", address: "0000:43:00.0", files });
    const gpu = plausible((await poll())[0] as GpuReport);
    expect(gpu.memoryUsedMiB).toMatch(/^the driver reports /);
    expect(gpu.memoryFreeMiB).toMatch(/more memory in use than there is/);
    expect(gpu.memoryTotalMiB).toBe(12 * 1024);
  });
});

describe("an APU with a desktop on it", () => {
  const files = {
    gpu_busy_percent: 7,
    mem_info_vram_total: 512 * 1024 ** 2,
    mem_info_vram_used: 401 * 1024 ** 2,
    mem_info_gtt_total: 15 * GIB,
    mem_info_gtt_used: 2 * GIB,
    "hwmon/hwmon0/temp1_label": "edge",
    "hwmon/hwmon0/temp1_input": 44_000,
  };

  it("is integrated, and has what is set aside for it and what it may borrow", async () => {
    sys.metrics(sys.card({ driver: "amdgpu", address: "0000:64:00.0", files }), 2);
    sys.open(1450, 9, "amdgpu", "0000:64:00.0", {
      "resident-vram": "180 MiB",
      "resident-gtt": "320 MiB",
      "engine-gfx": "900 ns",
    });
    const [gpu] = await poll();
    expect(gpu).toMatchObject({
      integrated: true,
      memoryTotalMiB: 512 + 15 * 1024,
      memoryUsedMiB: 401 + 2048,
      memoryFreeMiB: 111 + 13 * 1024,
      processes: [{ pid: 1450, memoryMiB: 500 }],
    });
  });

  it("is told from a card by the format of its metrics, without them by its memory", () => {
    const untold = { error: "ENOENT" };
    const small = { text: String(files.mem_info_vram_total) };
    const large = { text: String(files.mem_info_gtt_total) };
    const of = (gpu_metrics: object, mem_busy_percent: object, own = small): boolean =>
      isApu({
        gpu_metrics: gpu_metrics as never,
        mem_busy_percent: mem_busy_percent as never,
        mem_info_vram_total: own,
        mem_info_gtt_total: large,
      });
    expect(of({ text: "\ufffd\u0000\u0003\u0000" }, untold)).toBe(true);
    expect(of({ text: "\ufffd\u0000\u0001\u0003" }, untold)).toBe(false);
    expect(of(untold, untold)).toBe(true);
    expect(of(untold, untold, { text: String(32 * GIB) })).toBe(false);
    expect(of(untold, { text: "0" })).toBe(false);
  });
});

describe("a program on an AMD card", () => {
  const address = "0000:43:00.0";
  const opens = (engines: object): void =>
    sys.open(1500, 5, "amdgpu", address, { "memory-vram": "90 MiB", ...engines });
  const percent = async (before: object, after: object): Promise<unknown> => {
    sys.card({ driver: "amdgpu", address, files: { gpu_busy_percent: 50, mem_busy_percent: 1 } });
    opens(before);
    const [gpu] = await poll(() => opens(after));
    return typeof gpu?.processes === "string" ? gpu.processes : gpu?.processes[0]?.smPercent;
  };

  it("that has never used an engine uses nothing: the driver leaves such engines out", async () => {
    expect(await percent({}, {})).toBe(0);
  });

  it("is seen at the first engine that it uses", async () => {
    expect(await percent({}, { "engine-compute": "8000000000 ns" })).toBe(40);
  });

  it("whose engine is gone shows no use", async () => {
    expect(await percent({ "engine-gfx": "5 ns" }, {})).toMatch(/two readings/);
  });
});

describe("Intel's GPUs", () => {
  it("of the new driver tell the temperature that is labelled as theirs, and their processes", async () => {
    sys.card({ driver: "i915", address: "0000:00:02.0" });
    sys.card({
      driver: "xe",
      address: "0000:04:00.0",
      files: {
        "hwmon/hwmon6/temp2_label": "pkg",
        "hwmon/hwmon6/temp2_input": 61_000,
        "hwmon/hwmon6/temp3_label": "vram",
        "hwmon/hwmon6/temp3_input": 70_000,
      },
    });
    const cycles = (busy: number, all: number): void =>
      sys.open(2100, 4, "xe", "0000:04:00.0", {
        "resident-vram0": "3 GiB",
        "cycles-ccs": String(busy),
        "total-cycles-ccs": String(all),
      });
    cycles(0, 1000);
    const [integrated, arc] = (await poll(() => cycles(4500, 11_000))) as [GpuReport, GpuReport];
    expect(integrated).toMatchObject({ integrated: true, device: { runtime: "level-zero", number: 0 } });
    expect(arc).toMatchObject({
      source: "xe",
      temperature: 61,
      device: { runtime: "level-zero", number: 1 },
      memoryTotalMiB: expect.any(String),
      memoryFreeMiB: expect.any(String),
      processes: [{ pid: 2100, memoryMiB: 3072, smPercent: 45 }],
    });
    expect(arc).not.toHaveProperty("integrated");
  });

  it("show clients that tell no memory, and leave out those that only have the device open", async () => {
    sys.card({ driver: "i915", address: "0000:00:02.0" });
    sys.open(2200, 3, "i915", "0000:00:02.0", { "engine-render": "52000 ns" });
    sys.open(2201, 3, "i915", "0000:00:02.0", { "engine-render": "0 ns" });
    sys.open(2202, 3, "i915", "0000:00:02.0", { "resident-system0": "12 MiB", "engine-render": "5 ns" });
    sys.open(2203, 3, "i915", "0000:00:02.0", { "total-system0": "0", "resident-system0": "0" });
    const [gpu] = (await poll()) as [GpuReport];
    expect(pids(gpu)).toEqual([2200, 2202]);
    expect(gpu.processes).toMatchObject([
      { pid: 2200, memoryMiB: expect.stringMatching(/doesn't report its memory/) },
      { pid: 2202, memoryMiB: 12 },
    ]);
  });

  it("whose driver counts no use say so from the second look on, and tell the rest", async () => {
    const address = "0000:05:00.0";
    const files = { "hwmon/hwmon1/temp2_label": "pkg", "hwmon/hwmon1/temp2_input": 47_000 };
    sys.card({ driver: "xe", address, files });
    const [idle] = (await poll()) as [GpuReport];
    expect(idle.untoldUse).toMatch(/nobody has used it yet/);
    sys.open(2300, 6, "xe", address, { "resident-vram0": "5 GiB" });
    const [busy] = (await poll(() => sys.open(2300, 6, "xe", address, { "resident-vram0": "6 GiB" }))) as [
      GpuReport,
    ];
    const none = "this kernel's driver doesn't report use per process";
    expect(busy).toMatchObject({ temperature: 47, untoldUse: none });
    expect(busy.processes).toEqual([{ pid: 2300, memoryMiB: 6144, smPercent: none }]);
    expect(busy).not.toHaveProperty("atLeast");
  });

  it("that sleep between two looks were used by nobody, since their clock stood still", async () => {
    const address = "0000:05:00.0";
    sys.card({ driver: "xe", address });
    const stands = { "resident-vram0": "5 GiB", "cycles-rcs": "70", "total-cycles-rcs": "900" };
    const opens = (): void => sys.open(2301, 6, "xe", address, stands);
    opens();
    const [gpu] = (await poll(opens)) as [GpuReport];
    expect(gpu.processes).toMatchObject([{ pid: 2301, smPercent: 0 }]);
    expect(gpu).not.toHaveProperty("untoldUse");
  });

  it("without labels have the first sensor", () => {
    expect(ownSensor(new Map())).toBe("1");
    expect(ownSensor(new Map([["3", "mem"]]))).toBe("1");
    expect(
      ownSensor(
        new Map([
          ["1", "mem"],
          ["2", "junction"],
        ]),
      ),
    ).toBe("2");
  });
});
