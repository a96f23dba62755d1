/** What every source's figures are held against: sentinels and nonsense become reasons, figures stay. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plausible, RANGES } from "../../../src/sense/gpu/plausible.ts";
import type { GpuReport, Told } from "../../../src/sense/gpu/report.ts";

const GPU: GpuReport = {
  uuid: "GPU-a",
  index: 0,
  name: "a",
  source: "NVML",
  utilization: 12,
  memoryTotalMiB: 12_288,
  memoryFreeMiB: 9000,
  memoryUsedMiB: 2800,
  temperature: 41,
  powerWatts: 38.5,
  powerLimitWatts: 170,
  throttled: 0,
  processes: [{ pid: 71, memoryMiB: 2200, smPercent: 9 }],
};
const checked = (more: Partial<GpuReport>): GpuReport => plausible({ ...GPU, ...more });

describe("figures of a GPU", () => {
  it("stay as they are where they can be", () => {
    expect(plausible(GPU)).toEqual(GPU);
    const edge = { utilization: 100, temperature: 0, memoryUsedMiB: 12_288, memoryFreeMiB: 0 };
    expect(checked(edge)).toMatchObject(edge);
  });

  it.each([
    ["8 bits", 0xff],
    ["16 bits", 0xffff],
    ["32 bits", 0xffff_ffff],
    ["64 bits", 2 ** 64],
  ])("of %s that are all set are none, in whatever unit a driver tells them", (_, all) => {
    const mib = all / 1024 ** 2;
    const gpu = checked({
      utilization: all,
      temperature: all,
      ...(all > 0xffff && { powerWatts: all / 1000, powerLimitWatts: all / 1000 }),
      ...(all > 0xffff_ffff && { memoryTotalMiB: mib, memoryFreeMiB: mib, memoryUsedMiB: mib }),
      processes: [{ pid: 71, memoryMiB: "untold", smPercent: all }],
    });
    if (all > 0xffff) expect(checked({ powerWatts: all / 1e6 }).powerWatts).toMatch(/impossible .* W$/);
    expect(gpu.utilization).toMatch(/^the driver reports an impossible .* %$/);
    expect(gpu.temperature).toMatch(/impossible .* °C$/);
    if (all > 0xffff) expect(gpu.powerWatts).toMatch(/impossible .* W$/);
    if (all > 0xffff_ffff)
      for (const told of [gpu.memoryTotalMiB, gpu.memoryFreeMiB, gpu.memoryUsedMiB])
        expect(told).toMatch(/impossible .* TiB$/);
    expect(gpu.processes).toEqual([
      { pid: 71, memoryMiB: "untold", smPercent: expect.stringMatching(/impossible/) },
    ]);
  });

  it("of memory can't be more than the whole, and a whole of nothing is none", () => {
    const gpu = checked({
      memoryFreeMiB: 20_000,
      memoryUsedMiB: 13_000,
      processes: [{ pid: 71, memoryMiB: 14_000, smPercent: 9 }],
      instances: [{ uuid: "MIG-a", memoryTotalMiB: 4864, memoryUsedMiB: 4900 }],
    });
    expect(gpu.memoryUsedMiB).toBe("the driver reports 12.7 GiB used, of 12.0 GiB in all");
    expect(gpu.memoryFreeMiB).toBe("the driver reports 19.5 GiB free, of 12.0 GiB in all");
    expect(gpu.processes).toMatchObject([{ memoryMiB: expect.stringMatching(/by one process/) }]);
    expect(gpu.instances).toMatchObject([{ memoryUsedMiB: expect.stringMatching(/4\.8 GiB used, of 4\.8/) }]);
    const none = checked({ memoryTotalMiB: 0, memoryFreeMiB: 5000 });
    expect(none.memoryTotalMiB).toBe("the driver reports no memory of its own");
    expect(none).toMatchObject({ memoryFreeMiB: 5000, memoryUsedMiB: 2800 });
    const nothing = checked({ memoryTotalMiB: 0, memoryFreeMiB: 0, memoryUsedMiB: 0 });
    expect(nothing).toMatchObject({ memoryFreeMiB: none.memoryTotalMiB, memoryUsedMiB: none.memoryTotalMiB });
  });

  it("are in their range or have a reason, whatever a driver says", () => {
    const told = fc.oneof(fc.double(), fc.integer(), fc.bigInt().map(Number), fc.constant("no"));
    fc.assert(
      fc.property(told, told, told, told, (utilization, temperature, powerWatts, memoryTotalMiB) => {
        const gpu = checked({ utilization, temperature, powerWatts, memoryTotalMiB });
        const sane = (figure: Told, most: number): boolean =>
          typeof figure === "string" ? figure.length > 0 : figure >= 0 && figure <= most;
        expect(sane(gpu.utilization, RANGES.percent.most)).toBe(true);
        expect(sane(gpu.temperature, RANGES.celsius.most)).toBe(true);
        expect(sane(gpu.powerWatts, RANGES.watts.most)).toBe(true);
        expect(sane(gpu.memoryTotalMiB, RANGES.mebibytes.most)).toBe(true);
      }),
    );
  });
});
