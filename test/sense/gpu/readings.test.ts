/** What a report proves about others: attribution as figures, for every kind of doubt. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GPU_METRICS, type Reading } from "../../../src/model/machine.ts";
import { plausible } from "../../../src/sense/gpu/plausible.ts";
import { type Circumstances, type OwnedProcess, readingsOf } from "../../../src/sense/gpu/readings.ts";
import type { GpuReport } from "../../../src/sense/gpu/report.ts";
import { rounds } from "../../rounds.ts";

const GPU: GpuReport = {
  uuid: "GPU-1",
  index: 0,
  name: "x",
  source: "NVML",
  utilization: 90,
  memoryTotalMiB: 24_000,
  memoryFreeMiB: 13_400,
  memoryUsedMiB: 10_000,
  temperature: 60,
  powerWatts: 200,
  powerLimitWatts: 450,
  throttled: 0,
  processes: [],
};
const HERE: Circumstances = { atMs: 5, oursHere: true, blind: null, ignoreBelow: 30, visited: true };
const one = (party: OwnedProcess["party"], more: Partial<OwnedProcess> = {}): OwnedProcess => ({
  pid: 1,
  memoryMiB: 1000,
  smPercent: 20,
  party,
  younger: true,
  ...more,
});
const read = (owned: OwnedProcess[], here: Partial<Circumstances> = {}, gpu: Partial<GpuReport> = {}) =>
  readingsOf({ ...GPU, ...gpu }, owned, { ...HERE, ...here });
const others = (...given: Parameters<typeof read>): Reading => read(...given)["gpu.others.utilization"];
const newcomers = (...given: Parameters<typeof read>): Reading => read(...given)["gpu.newcomers.memoryMiB"];

describe("others' use", () => {
  it("is 0 where nobody else is, whatever our own job uses", () => {
    expect(others([one("ours", { smPercent: 100 })], {}, { utilization: 100 })).toEqual({
      value: 0,
      atMs: 5,
    });
  });

  it("is the sum of what their processes use, and no remainder", () => {
    const owned = [
      one("ours", { smPercent: 50 }),
      one("others", { smPercent: 12 }),
      one("others", { smPercent: 9 }),
    ];
    expect(others(owned)).toEqual({ value: 21, atMs: 5 });
  });

  it("counts a desktop's programs only when they really compute", () => {
    expect(others([one("ignored", { smPercent: 29 })])).toMatchObject({ value: 0 });
    expect(others([one("ignored", { smPercent: 30 })])).toMatchObject({ value: 30 });
    const memory = read([one("ignored", { smPercent: 5 })]);
    expect(memory["gpu.others.memoryMiB"]).toMatchObject({ value: 0 });
  });

  it("of a process that nobody can be named for is doubt, not proof", () => {
    expect(others([one("nobody", { smPercent: 80 })])).toEqual({ value: 0, upTo: 80, atMs: 5 });
  });

  it("that isn't told for single processes is doubt from 30 % on, and never proof beside our job", () => {
    const untold = { smPercent: "it isn't told" };
    const both = [one("ours", untold), one("others", untold)];
    expect(others(both)).toEqual({ value: 0, upTo: 90, atMs: 5 });
    expect(others(both, {}, { utilization: 29 })).toEqual({ value: 0, atMs: 5 });
    expect(others([one("others", untold)])).toEqual({ value: 90, atMs: 5 });
  });

  it("that one of them doesn't tell hides nothing of the rest, where the whole isn't told either", () => {
    const alone = { utilization: "use is told per process only" };
    const both = [one("others", { smPercent: 63 }), one("others", { smPercent: "it isn't told" })];
    expect(others(both, {}, alone)).toEqual({ value: 63, upTo: 100, atMs: 5 });
    expect(others(both.slice(1), {}, alone)).toEqual({ unavailable: "it isn't told" });
  });

  it("by those who aren't listed is doubt where the list isn't whole", () => {
    expect(others([one("ours")], {}, { unlisted: "half a list" })).toEqual({ value: 0, upTo: 70, atMs: 5 });
  });

  it("can't be known where pids mean nothing, unless nothing of ours is there", () => {
    const blind = { blind: "a container" };
    expect(others([], blind)).toEqual({ unavailable: "a container" });
    expect(others([], { ...blind, oursHere: false })).toEqual({ value: 90, atMs: 5 });
    expect(newcomers([], { ...blind, oursHere: false })).toEqual({ unavailable: "a container" });
    expect(others([], {}, { processes: "no rights" })).toEqual({ unavailable: "no rights" });
  });

  it("of a divided GPU isn't known, but memory by its processes is", () => {
    const untold = { smPercent: "not on a divided GPU" };
    const readings = read([one("ours", untold), one("others", untold)], {}, { utilization: "not supported" });
    expect(readings["gpu.others.utilization"]).toEqual({ unavailable: untold.smPercent });
    expect(readings["gpu.others.memoryMiB"]).toEqual({ value: 1000, atMs: 5 });
  });
});

describe("newcomers' memory", () => {
  it("is that of others who came after our run, also once it has gone", () => {
    const owned = [one("others", { younger: false }), one("others", { memoryMiB: 412 }), one("ours")];
    expect(newcomers(owned)).toEqual({ value: 412, atMs: 5 });
    expect(newcomers(owned.slice(0, 2), { oursHere: false })).toEqual({ value: 412, atMs: 5 });
  });

  it("is nobody's before a run of ours has been there", () => {
    expect(newcomers([one("others", { younger: null })], { visited: false })).toEqual({ value: 0, atMs: 5 });
  });

  it("is doubt where an age or a size isn't known", () => {
    expect(newcomers([one("others", { younger: null })])).toEqual({ value: 0, upTo: 1000, atMs: 5 });
    expect(newcomers([one("others", { memoryMiB: "hidden" })])).toEqual({ value: 0, upTo: 10_000, atMs: 5 });
  });
});

describe("use of the whole GPU", () => {
  it("by nobody is doubted while the reader suspects it", () => {
    expect(read([], {}, { suspect: true })["gpu.utilization"]).toEqual({ value: 0, upTo: 90, atMs: 5 });
    expect(read([])["gpu.utilization"]).toEqual({ value: 90, atMs: 5 });
  });
});

it("every reading is a sane figure or has a reason, whatever the driver says", () => {
  const told = fc.oneof(fc.double(), fc.integer(), fc.constantFrom("not supported", "gone"));
  const party = fc.constantFrom<OwnedProcess["party"][]>("ours", "others", "ignored", "nobody");
  const younger = fc.constantFrom(true, false, null);
  const processes = fc.array(fc.record({ pid: fc.nat(), memoryMiB: told, smPercent: told, party, younger }), {
    maxLength: 6,
  });
  const gpu = fc.record({
    utilization: told,
    memoryTotalMiB: told,
    memoryFreeMiB: told,
    memoryUsedMiB: told,
    temperature: told,
    powerWatts: told,
    throttled: told,
  });
  const here = fc.record({
    atMs: fc.constant(5),
    oursHere: fc.boolean(),
    blind: fc.constantFrom(null, "blind"),
    ignoreBelow: fc.constant(30),
    visited: fc.boolean(),
  });
  fc.assert(
    fc.property(processes, gpu, here, (inAll, figures, circumstances) => {
      const report = plausible({ ...GPU, ...figures, processes: inAll });
      const owned = report.processes as OwnedProcess[];
      const readings = readingsOf(report, owned, circumstances);
      expect(Object.keys(readings).sort()).toEqual([...GPU_METRICS].sort());
      for (const reading of Object.values(readings)) {
        if ("unavailable" in reading) expect(reading.unavailable).not.toBe("");
        else
          expect(Number.isFinite(reading.value) && (reading.upTo ?? reading.value) >= reading.value).toBe(
            true,
          );
      }
      // Nothing is proven against others who aren't there.
      const use = readings["gpu.others.utilization"];
      if (circumstances.oursHere && "value" in use && use.value > 0)
        expect(owned.some((process) => process.party === "others" || process.party === "ignored")).toBe(true);
    }),
    { numRuns: rounds(3000) },
  );
});
