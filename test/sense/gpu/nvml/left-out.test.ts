/**
 * What an NVIDIA driver leaves out, for good or for a while, through a real reader process.
 * Covers: src/sense/gpu/reader/refusals.ts, src/sense/gpu/nvml/questions.ts, src/sense/gpu/nvml/layout.ts,
 * src/sense/gpu/nvml/timed.ts, src/sense/gpu/nvml/process-use.ts
 */
import { afterEach, describe, expect, it } from "vitest";
import { Refusals } from "../../../../src/sense/gpu/reader/refusals.ts";
import { type OwnedProcess, readingsOf } from "../../../../src/sense/gpu/readings.ts";
import type { GpuReport } from "../../../../src/sense/gpu/report.ts";
import type { Driver, FakeMachine } from "../../../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../../../needs.ts";
import { isComplete, Reading } from "../reading.ts";

let reading: Reading | null = null;
afterEach(() => {
  reading?.close();
  reading = null;
});

const begin = (machine: FakeMachine, driver?: Driver): Reading => {
  reading = new Reading(machine, driver);
  return reading;
};

const TIGHT = { util: 31, total: 10_240, used: 9184, reserved: 396 };

describeWith(compiler)("memory (needs a C compiler)", () => {
  it.each(["current", "without-v3"] as const)(
    "that is free is what the driver calls free: %s",
    async (kind) => {
      const [gpu] = await begin({ gpus: [TIGHT] }, kind).sees("a GPU", isComplete);
      expect(gpu).toMatchObject({ memoryTotalMiB: 10_240, memoryFreeMiB: 660 });
    },
  );

  it("that the newer call doesn't tell is asked of the older, figure by figure", async () => {
    const also = ["fail nvmlDeviceGetMemoryInfo_v2 3"];
    const [older] = await begin({ gpus: [TIGHT], also }).sees("a GPU", isComplete);
    expect(older).toMatchObject({ memoryFreeMiB: 660, memoryUsedMiB: 9580 });
    const driver = reading?.driver;
    driver?.set({ also: [] });
    await reading?.sees("the newer call again", ([gpu]) => gpu?.memoryUsedMiB === 9184);
    driver?.set({ also: ["fail nvmlDeviceGetMemoryInfo 3"] });
    await reading?.sees("the newer call alone", ([gpu]) => gpu?.memoryUsedMiB === 9184);
  });

  it("that is one with the machine's leaves processes and their memory known", async () => {
    const [gpu] = await begin({
      gpus: [{ util: 77, temp: 52 }],
      processes: [{ gpu: 0, pid: 4001, memory: 31_000, sm: 70 }],
      also: ["fail nvmlDeviceGetMemoryInfo_v2 3", "fail nvmlDeviceGetMemoryInfo 3"],
    }).sees("a GPU", isComplete);
    const none = expect.stringMatching(/doesn't support it \(NVML 3\)/);
    expect(gpu).toMatchObject({ memoryTotalMiB: none, memoryFreeMiB: none, memoryUsedMiB: none });
    expect(gpu).toMatchObject({
      utilization: 77,
      temperature: 52,
      processes: [{ pid: 4001, memoryMiB: 31_000, smPercent: 70 }],
    });
  });

  it("and other figures of which all bits are set are none", async () => {
    const [gpu] = await begin({
      gpus: [{ util: 5, total: -1, used: -1, free: -1, temp: -1, power: -1, limit: -1, throttle: -1 }],
    }).sees("a GPU", isComplete);
    const none = "the driver reports no value";
    expect(gpu).toMatchObject({
      utilization: 5,
      memoryTotalMiB: none,
      memoryFreeMiB: none,
      memoryUsedMiB: none,
      temperature: none,
      powerWatts: none,
      powerLimitWatts: none,
      throttled: none,
    });
  });
});

describeWith(compiler)("a question that is refused (needs a C compiler)", () => {
  it("is asked again: a sensor that is away for a while, a list that was refused once", async () => {
    const machine: FakeMachine = {
      gpus: [{ util: 40, temp: 63 }],
      processes: [{ gpu: 0, pid: 4001, memory: 500, sm: 30 }],
    };
    const there = begin(machine);
    await there.sees("all", ([gpu]) => gpu?.temperature === 63);
    there.driver.set({
      also: [
        "fail nvmlDeviceGetTemperature 3",
        "fail nvmlDeviceGetTemperatureV 3",
        "fail nvmlDeviceGetComputeRunningProcesses_v3 3",
      ],
    });
    await there.sees(
      "the loss",
      ([gpu]) => typeof gpu?.temperature === "string" && typeof gpu.processes === "string",
    );
    there.driver.set({ also: [] });
    const [gpu] = await there.sees("both again", ([one]) => one?.temperature === 63 && isComplete([one]));
    expect(gpu?.processes).toMatchObject([{ pid: 4001, memoryMiB: 500 }]);
  });

  it("answers again when MIG is switched off: of a GPU that began divided, and of one that was whole", async () => {
    const whole = [{ util: 40, used: 900 }];
    const processes = [{ gpu: 0, pid: 4001, memory: 500, sm: 30 }];
    const there = begin({ gpus: [{ util: 40, used: 900, mig: 1 }], processes });
    const divided = (gpu: { utilization: unknown } | undefined): boolean =>
      /NVML 3/.test(String(gpu?.utilization));
    await there.sees("no use", ([gpu]) => divided(gpu));
    there.driver.set({ gpus: whole });
    await there.sees("use", ([gpu]) => gpu?.utilization === 40 && isComplete([gpu]));
    there.driver.set({ gpus: [{ util: 40, used: 900, mig: 1 }] });
    await there.sees("no use again", ([gpu]) => divided(gpu));
    there.driver.set({ gpus: whole });
    const [gpu] = await there.sees("use again", ([one]) => one?.utilization === 40 && isComplete([one]));
    expect(gpu?.processes).toMatchObject([{ pid: 4001, smPercent: 30 }]);
  });
});

describeWith(compiler)("whose use it is on a GPU that is divided from the start (needs a C compiler)", () => {
  it("is never told, whether somebody is there or not", async () => {
    const there = begin({ gpus: [{ used: 700, mig: 1 }] });
    const here = { atMs: 1, oursHere: false, blind: null, ignoreBelow: 30, visited: false };
    const others = (gpu: GpuReport) => readingsOf(gpu, owned(gpu), here)["gpu.others.utilization"];
    const owned = ({ processes }: GpuReport): OwnedProcess[] =>
      typeof processes === "string"
        ? []
        : processes.map((one) => ({ ...one, party: "others", younger: null }));
    const seen = (wanted: number) =>
      there.sees(`${wanted} processes`, ([gpu]) => gpu !== undefined && owned(gpu).length === wanted);
    const [empty] = (await seen(0)) as [GpuReport];
    expect(others(empty)).toEqual({ unavailable: expect.stringMatching(/NVML 3/) });
    there.driver.set({ processes: [{ gpu: 0, pid: process.pid, memory: 500, instance: 1 }] });
    const [used] = (await seen(1)) as [GpuReport];
    expect(others(used)).toEqual({ unavailable: expect.stringMatching(/NVML 3/) });
    expect(readingsOf(used, owned(used), here)["gpu.others.memoryMiB"]).toMatchObject({ value: 500 });
  });
});

describe("the interval after a refusal", () => {
  const waits = (refusals: Refusals, times: number): number[] =>
    Array.from({ length: times }, () => {
      refusals.refused(0);
      return refusals.againAtMs / 1000;
    });

  it("grows, to a minute for what has worked, to ten for what never has", () => {
    expect(waits(new Refusals(), 12)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
    const worked = new Refusals();
    worked.answered();
    expect(waits(worked, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    worked.answered();
    expect(worked.againAtMs).toBe(Number.NEGATIVE_INFINITY);
    expect(waits(worked, 1)).toEqual([1]);
  });
});
