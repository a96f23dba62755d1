/**
 * The driver library through a real reader process: every version and oddity of it.
 * Covers: src/sense/gpu/nvml/read-nvml.ts, src/sense/gpu/nvml/poll.ts, src/sense/gpu/nvml/device.ts,
 * src/sense/gpu/nvml/device-processes.ts, src/sense/gpu/nvml/list-processes.ts,
 * src/sense/gpu/nvml/process-use.ts, src/sense/gpu/nvml/questions.ts, src/sense/gpu/nvml/instances.ts,
 * src/sense/gpu/nvml/layout.ts, src/sense/gpu/nvml/codes.ts, src/sense/gpu/nvml/library.ts,
 * src/sense/gpu/nvml/timed.ts.
 */
import { afterEach, expect, it } from "vitest";
import type { Driver, FakeMachine, FakeProcess } from "../../../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../../../needs.ts";
import { until } from "../../../until.ts";
import { isComplete, Reading } from "../reading.ts";

let reading: Reading;
afterEach(() => reading.close());

const begin = (machine: FakeMachine, driver?: Driver): void => {
  reading = new Reading(machine, driver);
};

const PROCESSES: FakeProcess[] = [
  { gpu: 0, pid: 4001, memory: 500, sm: 30 },
  { gpu: 0, pid: 4002, memory: 700, sm: 0, kind: "graphics" },
  { gpu: 0, pid: 4003, memory: 900, sm: 20 },
];
const BUSY: FakeMachine = {
  gpus: [{ util: 55, used: 2100, temp: 67, power: 123_500, limit: 450_000, throttle: 0x44 }, { used: 10 }],
  processes: PROCESSES,
};
const listed = [
  { pid: 4001, memoryMiB: 500, smPercent: 30 },
  { pid: 4002, memoryMiB: 700, smPercent: 0 },
  { pid: 4003, memoryMiB: 900, smPercent: 20 },
];

describeWith(compiler)("readings (needs a C compiler)", () => {
  it("are the driver's, memory without what the driver keeps for itself", async () => {
    begin(BUSY);
    const [first, second] = await reading.sees("two GPUs", isComplete);
    expect(first).toMatchObject({
      uuid: "GPU-fake-0",
      index: 0,
      name: "Fake RTX 0",
      utilization: 55,
      memoryTotalMiB: 24576,
      memoryUsedMiB: 2100,
      temperature: 67,
      powerWatts: 123.5,
      powerLimitWatts: 450,
      throttled: 1,
      throttleReasons: ["power limit", "heat (hardware)"],
    });
    expect(sorted(first?.processes)).toEqual(listed);
    expect(second).toMatchObject({
      index: 1,
      utilization: 0,
      memoryUsedMiB: 10,
      throttled: 0,
      processes: [],
    });
    expect(reading.watch.hello).toEqual({ source: "nvml", driver: "550.54.14" });
  });

  it("are the same from a driver with entries of 32 bytes", async () => {
    begin(BUSY, "stride-32");
    const [first] = await reading.sees("two GPUs", isComplete);
    expect(sorted(first?.processes)).toEqual(listed);
  });

  it("are the same from a driver without _v3, but for memory that it can't tell apart", async () => {
    begin(BUSY, "without-v3");
    const [first] = await reading.sees("two GPUs", isComplete);
    expect(sorted(first?.processes)).toEqual(listed);
    expect(first).toMatchObject({ memoryUsedMiB: 2500, throttled: 1 });
  });

  it("of a field that the GPU doesn't have are a reason, and all others are there", async () => {
    begin({
      ...BUSY,
      also: [
        "fail nvmlDeviceGetPowerUsage@0 3",
        "fail nvmlDeviceGetTemperature 3",
        "fail nvmlDeviceGetTemperatureV 3",
      ],
    });
    const [first, second] = await reading.sees("two GPUs", isComplete);
    expect(first?.powerWatts).toMatch(/doesn't support it \(NVML 3\)/);
    expect(first?.temperature).toMatch(/doesn't support/);
    expect(first).toMatchObject({ utilization: 55, memoryUsedMiB: 2100, throttled: 1 });
    expect(second?.powerWatts).toBe(60);
  });

  it("of a temperature that is asked for in a new way only", async () => {
    begin({ ...BUSY, also: ["fail nvmlDeviceGetTemperature 26"] });
    const [first] = await reading.sees("two GPUs", isComplete);
    expect(first?.temperature).toBe(67);
  });

  it("of a field without rights or with an unknown error are asked again", async () => {
    begin({ ...BUSY, also: ["fail nvmlDeviceGetMemoryInfo_v2@0 4", "fail nvmlDeviceGetMemoryInfo@0 4"] });
    const [first] = await reading.sees("two GPUs", isComplete);
    expect(first?.memoryUsedMiB).toMatch(/more permissions/);
    reading.driver.set({ also: ["fail nvmlDeviceGetUtilizationRates@0 999"] });
    const [then] = await reading.sees(
      "memory again",
      ([one]) => one?.memoryUsedMiB === 2100 && typeof one.utilization === "string",
    );
    expect(then?.utilization).toMatch(/unknown error/);
    reading.driver.set({ also: [] });
    await reading.sees("all again", ([one]) => one?.utilization === 55);
  });

  it("of processes under WDDM have no memory, which isn't 0 and isn't 2^64", async () => {
    begin({ gpus: [{ util: 30, used: 3000 }], processes: [{ gpu: 0, pid: 4001, memory: -1, sm: 0 }] });
    const [first] = await reading.sees("a GPU", isComplete);
    expect(sorted(first?.processes)).toEqual([
      { pid: 4001, memoryMiB: expect.stringMatching(/WDDM/), smPercent: 0 },
    ]);
    expect(first?.blind).toMatch(/WDDM/);
  });

  it("of a process that would hold more than there is are its memory's alone", async () => {
    const absurd = { gpu: 0, pid: 4001, memory: 99_000, sm: 28 };
    begin({ gpus: [{ util: 30, used: 3000, total: 16_000 }], processes: [absurd] });
    const [first] = await reading.sees("a GPU", isComplete);
    expect(sorted(first?.processes)).toEqual([
      { pid: 4001, memoryMiB: expect.stringMatching(/used by one process/), smPercent: 28 },
    ]);
    expect(first).not.toHaveProperty("blind");
  });

  it("aren't led astray by a hundred senseless samples: old, of over 100 %, or of the future", async () => {
    begin({ ...BUSY, also: ["garbage 0 120"] });
    const [first] = await reading.sees("two GPUs", isComplete);
    expect(sorted(first?.processes)).toEqual(listed);
    // A stamp of the future that was believed would hide all that comes after it.
    reading.driver.set({ processes: PROCESSES.map((one) => ({ ...one, sm: 11 })) });
    await reading.sees("new figures", ([one]) =>
      sorted(one?.processes).every(({ smPercent }) => smPercent === 11),
    );
  });

  it("of a process that was busy before anybody asked say nothing of now", async () => {
    begin({ gpus: [{ util: 3, used: 900 }], processes: [{ gpu: 0, pid: 4001, memory: 500, before: 88 }] });
    const seen = new Set<unknown>();
    await reading.sees("its use", (gpus) => {
      const [one] = sorted(gpus[0]?.processes);
      if (one) seen.add(one.smPercent);
      return isComplete(gpus) && one?.smPercent === 0;
    });
    expect(seen).not.toContain(88);
  });

  it("of a process without a sample are unknown until there was time for one, and then 0", async () => {
    begin(BUSY);
    const seen: { atMs: number; percent: unknown }[] = [];
    await reading.sees("that it is idle", () => {
      const now = reading.look();
      const [, idle] = "gpus" in now ? sorted(now.gpus[0]?.processes) : [];
      if ("atMs" in now && idle !== undefined) seen.push({ atMs: now.atMs, percent: idle.smPercent });
      return idle?.smPercent === 0;
    });
    const [first, last] = [seen[0], seen.at(-1)];
    expect(first?.percent).toMatch(/unreliable|no sample of it/);
    expect((last?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(700);
  });

  it("of processes hold between two samples of a driver that takes them rarely", async () => {
    begin(BUSY);
    let sm = 30;
    // A sample holds for a second: only reports that are surely young enough tell something.
    const telling = await until("reports within the second", async () => {
      // A figure that the sample before it didn't have.
      sm = 61 - sm;
      const busy = PROCESSES.map((one) => (one.pid === 4001 ? { ...one, sm } : one));
      reading.driver.set({ processes: busy, also: [] });
      const reportedMs = (): number => {
        const now = reading.look();
        return "atMs" in now ? now.atMs : 0;
      };
      let withoutMs = reportedMs();
      await reading.sees("use", (gpus) => {
        if (isComplete(gpus) && sorted(gpus[0]?.processes)[0]?.smPercent === sm) return true;
        withoutMs = reportedMs();
        return false;
      });
      reading.driver.set({ also: ["fail nvmlDeviceGetProcessUtilization@0 6"] });
      const seen: { ageMs: number; percent: unknown }[] = [];
      await reading.sees("nearly a second", (gpus) => {
        const ageMs = reportedMs() - withoutMs;
        seen.push({ ageMs, percent: sorted(gpus[0]?.processes)[0]?.smPercent });
        return ageMs > 900;
      });
      const young = seen.filter(({ ageMs }) => ageMs > 300 && ageMs < 900);
      return young.length > 0 && young.map(({ percent }) => percent);
    });
    expect(new Set(telling)).toEqual(new Set([sm]));
  });

  it("of a process are 0 once it has no sample any more", async () => {
    begin(BUSY);
    await reading.sees("use", ([one]) => sorted(one?.processes)[0]?.smPercent === 30);
    reading.driver.set({ processes: PROCESSES.map((one) => ({ ...one, sm: 0 })) });
    const [first] = await reading.sees("no use", ([one]) => sorted(one?.processes)[0]?.smPercent === 0);
    expect(sorted(first?.processes).map(({ smPercent }) => smPercent)).toEqual([0, 0, 0]);
  });

  it("hold more processes than the first buffer", async () => {
    const many = Array.from({ length: 200 }, (_, i) => ({ gpu: 0, pid: 5000 + i, memory: 10, sm: 1 }));
    begin({ gpus: [{ util: 90, used: 2000 }], processes: many });
    const [first] = await reading.sees("a GPU", isComplete);
    expect(first?.processes).toHaveLength(200);
    await reading.sees("use of all", ([one]) =>
      sorted(one?.processes).every(({ smPercent }) => smPercent === 1),
    );
  });

  it("of a divided GPU have its instances, no use, and processes once with all their memory", async () => {
    begin({
      gpus: [{ mig: 1, used: 3000 }],
      processes: [
        { gpu: 0, pid: 4001, memory: 100, instance: 1 },
        { gpu: 0, pid: 4001, memory: 200, instance: 2 },
      ],
      also: ["instance 0 1 MIG-aa 10000 1000", "instance 0 2 MIG-bb 10000 2000"],
    });
    const [first] = await reading.sees("a GPU", (gpus) => gpus.length === 1);
    expect(first?.utilization).toMatch(/doesn't support/);
    expect(first?.instances).toEqual([
      { uuid: "MIG-aa", memoryTotalMiB: 10000, memoryUsedMiB: 1000 },
      { uuid: "MIG-bb", memoryTotalMiB: 10000, memoryUsedMiB: 2000 },
    ]);
    expect(first?.processes).toEqual([
      { pid: 4001, memoryMiB: 300, smPercent: expect.stringMatching(/NVML 3/) },
    ]);
  });

  it("of 100 % by nobody are doubted until they last", async () => {
    begin({ gpus: [{ util: 0, used: 0 }] });
    // Of what was said while this process got no turn, only the last is seen: that may be after the doubt.
    await until("a doubt that ends", async () => {
      reading.driver.set({ gpus: [{ util: 0, used: 0 }] });
      await reading.sees("an idle GPU", (gpus) => isComplete(gpus) && gpus[0]?.utilization === 0);
      const seen: boolean[] = [];
      reading.driver.set({ gpus: [{ util: 100, used: 0 }] });
      await reading.sees("it to be believed", ([one]) => {
        if (one?.utilization === 100) seen.push(one.suspect === true);
        return seen.at(-1) === false;
      });
      return seen[0];
    });
  });
});

const sorted = (processes: unknown) =>
  (Array.isArray(processes) ? [...processes] : []).sort((a, b) => a.pid - b.pid);
