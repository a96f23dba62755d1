/**
 * Machines of every kind with what they tell removed or garbled at random: nothing throws, no figure is shown that
 * nobody told, no job waits for ever, and what is back is told again.
 * Covers: src/sense/gpu/drm/read-drm.ts, src/sense/gpu/nvml/poll.ts, src/sense/gpu/nvml/device.ts,
 * src/sense/gpu/smi/parse.ts, src/sense/gpu/attribute-gpu.ts, src/decide/sharing/choose-gpus.ts
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reading } from "../../../src/model/machine.ts";
import { openDrm } from "../../../src/sense/gpu/drm/read-drm.ts";
import { Library } from "../../../src/sense/gpu/nvml/library.ts";
import { Poller } from "../../../src/sense/gpu/nvml/poll.ts";
import type { Reader } from "../../../src/sense/gpu/nvml/read-nvml.ts";
import { plausible } from "../../../src/sense/gpu/plausible.ts";
import { readingsOf } from "../../../src/sense/gpu/readings.ts";
import type { GpuReport, ProcessReport } from "../../../src/sense/gpu/report.ts";
import { GPU_FIELDS, joinReports, parseGpus } from "../../../src/sense/gpu/smi/parse.ts";
import { FakeNvml } from "../../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../../needs.ts";
import { rounds } from "../../rounds.ts";
import { APART_MS, FIGURES, MACHINES, type Machine, type Told, Tree } from "./kernel-machines.ts";
import { FOREIGN, Waiting } from "./waiting-job.ts";

function expectTold(gpu: GpuReport, told: Told): void {
  const isTold = (figure: keyof Told, value: number | string): void => {
    if (typeof value === "string") expect(value, figure).not.toBe("");
    else expect(told[figure], figure).toContain(value);
  };
  for (const figure of FIGURES) isTold(figure, gpu[figure]);
  if (typeof gpu.processes === "string") return;
  for (const { pid, memoryMiB, smPercent } of gpu.processes) {
    expect(pid).toBe(FOREIGN);
    isTold("held", memoryMiB);
    isTold("used", smPercent);
  }
  // Or the use of others would be lost as soon as one of them is there.
  if ("value" in othersUse(gpu, [])) expect(othersUse(gpu, gpu.processes)).toHaveProperty("value");
}

function othersUse(gpu: GpuReport, processes: ProcessReport[]): Reading {
  const here = { atMs: 1, oursHere: true, blind: null, ignoreBelow: 30, visited: true };
  const owned = processes.map((one) => ({ ...one, party: "others" as const, younger: false }));
  return readingsOf({ ...gpu, processes }, owned, here)["gpu.others.utilization"];
}

/** Where it was never told; and, where the job waits for whoever is busy there, once all is back. */
function expectStart(left: GpuReport[], busy: GpuReport[], whole: GpuReport[], waits = true): void {
  const job = new Waiting();
  job.sees(left, 30);
  job.close();
  expect(job.why, "with what is left").toBe("started");
  if (!waits) return;
  const later = new Waiting();
  later.sees(busy, 12);
  expect(later.why).toContain("somebody else computes");
  later.sees(left, 10);
  later.sees(whole, 40);
  later.close();
  expect(later.why, "with all back").toBe("started");
}

const GARBLED = ["", "\n", "on", "-1", "18446744073709551615", "0x1f", "1e3"];

describe.each(Object.entries(MACHINES))("%s", (_, { files, told, isPlace }: Machine) => {
  const names = [...files(0).keys()];
  const damage = fc.dictionary(fc.constantFrom(...names), fc.constantFrom(null, null, ...GARBLED), {
    minKeys: 1,
    maxKeys: Math.min(6, names.length),
    noNullPrototype: true,
  });

  it("without some of its files", async () => {
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const tree = new Tree();
        let atMs = 0;
        const look = async (reader: Reader, share: number, without = {}): Promise<GpuReport[]> => {
          let gpus: GpuReport[] = [];
          for (const since of [0, share]) {
            atMs += APART_MS;
            tree.fill(files(since), without);
            const message = await reader.poll(atMs);
            if (message.is === "report") gpus = message.gpus.map(plausible);
          }
          return gpus;
        };
        try {
          const left = await look(openDrm(tree.root), 0, changes);
          expect(left).toHaveLength(Object.keys(changes).some((name) => /vendor|uevent/.test(name)) ? 0 : 1);
          for (const gpu of left) expectTold(gpu, told);
          const reader = openDrm(tree.root);
          const busy = await look(reader, 0.9);
          await look(reader, 0, changes);
          const back = await look(reader, 0);
          expect(back).toEqual(await look(openDrm(tree.root), 0));
          expectStart(left, busy, back, isPlace);
        } finally {
          tree.close();
        }
      }),
      { numRuns: rounds(25) },
    );
  });
});

const NVIDIA = {
  util: 6,
  total: 20_480,
  used: 4100,
  reserved: 330,
  free: 16_050,
  temp: 47,
  power: 91_000,
  limit: 320_000,
};
const NVIDIA_TOLD: Told = {
  utilization: [6],
  throttled: [0],
  memoryTotalMiB: [20_480],
  memoryFreeMiB: [16_050],
  memoryUsedMiB: [4100, 4430],
  temperature: [47],
  powerWatts: [91],
  powerLimitWatts: [320],
  held: [3900],
  used: [0],
};
const THEIRS = { gpu: 0, pid: FOREIGN, memory: 3900 };

describeWith(compiler)("an NVIDIA driver (needs a C compiler)", () => {
  const calls = [
    "GetUtilizationRates",
    "GetMemoryInfo",
    "GetMemoryInfo_v2",
    "GetTemperature",
    "GetTemperatureV",
    "GetPowerUsage",
    "GetEnforcedPowerLimit",
    "GetCurrentClocksEventReasons",
    "GetMigMode",
    "GetComputeRunningProcesses_v3",
    "GetGraphicsRunningProcesses_v3",
    "GetMPSComputeRunningProcesses_v3",
    "GetProcessUtilization",
    "GetName",
  ];
  const fails = fc.dictionary(
    fc.constantFrom(...calls),
    fc.constantFrom(2, 3, 4, 7, 10, 13, 16, 17, 21, 26, 999),
    {
      minKeys: 1,
      maxKeys: 6,
    },
  );
  const absent = fc.subarray(["util", "total", "used", "free", "temp", "power", "limit", "throttle"]);

  it("that refuses some calls and leaves out some figures", () => {
    const driver = new FakeNvml({ gpus: [NVIDIA], processes: [THEIRS] });
    process.env.FAKE_NVML_FILE = driver.file;
    const poll = (poller: Poller, from: number): GpuReport[] => {
      let gpus: GpuReport[] = [];
      // Further apart than the longest pause after a call that took long.
      for (const second of [0, 11, 22, 33]) gpus = poller.poll(from + second * 1000).map(plausible);
      return gpus;
    };
    const machine = { gpus: [NVIDIA], processes: [THEIRS], also: [] };
    const open = (): Poller => new Poller(new Library(driver.library), 1000);
    try {
      const whole = poll(open(), 0);
      const used = { pid: FOREIGN, memoryMiB: 3900, smPercent: 85 };
      const busy = whole.map((gpu) => ({ ...gpu, utilization: 90, processes: [used] }));
      fc.assert(
        fc.property(fails, absent, (codes, untold) => {
          const also = Object.entries(codes).map(([call, code]) => `fail nvmlDevice${call} ${code}`);
          const gpus = [{ ...NVIDIA, ...Object.fromEntries(untold.map((field) => [field, -1])) }];
          const poller = open();
          poll(poller, 0);
          driver.set({ ...machine, gpus, also });
          poll(poller, 100_000);
          const left = poll(open(), 0);
          for (const gpu of left) expectTold(gpu, NVIDIA_TOLD);
          driver.set(machine);
          const back = poll(poller, 2_000_000);
          expect(back).toEqual(whole);
          expectStart(left, busy, back);
        }),
        { numRuns: rounds(60) },
      );
    } finally {
      driver.close();
    }
  });
});

describe("nvidia-smi", () => {
  const cells = [
    "GPU-5a",
    "0",
    "6",
    "20480",
    "16050",
    "4100",
    "47",
    "91.00",
    "320.00",
    ...Array(3).fill("Not Active"),
    "Card",
  ];
  const WORDS = [
    "[N/A]",
    "[Not Supported]",
    "[Unknown Error]",
    "",
    "4294967295",
    "-1",
    "N/A",
    "[GPU requires reset]",
  ];
  const removed = fc.dictionary(
    fc.integer({ min: 2, max: GPU_FIELDS.length - 1 }).map(String),
    fc.constantFrom(...WORDS),
    {
      minKeys: 1,
      maxKeys: 6,
    },
  );
  const list = fc.constantFrom(`GPU-5a, ${FOREIGN}, 3900\n`, `GPU-5a, ${FOREIGN}, [N/A]\n`, "", null);

  it("with some cells that aren't figures", () => {
    const report = (changes: Record<string, string>, processes: string | null): GpuReport[] => {
      const row = cells.map((cell, at) => changes[at] ?? cell).join(", ");
      return joinReports(parseGpus(`${row}\n`), processes, "it took too long").map(plausible);
    };
    const whole = report({}, "");
    const busy = report({ 2: "90" }, `GPU-5a, ${FOREIGN}, 3900\n`);
    fc.assert(
      fc.property(removed, list, (changes, processes) => {
        const left = report(changes, processes);
        for (const gpu of left) expectTold(gpu, NVIDIA_TOLD);
        expectStart(left, busy, whole);
      }),
      { numRuns: rounds(60) },
    );
  });
});
