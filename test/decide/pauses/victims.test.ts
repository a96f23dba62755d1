/**
 * Who is paused: of the jobs that matter least, the cheapest that gives back enough; of those alike, the one
 * that has just saved.
 * Covers: src/decide/pauses/cost.ts, src/decide/pauses/relief.ts
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pauseCostMs } from "../../../src/decide/pauses/cost.ts";
import type { Job } from "../../../src/model/job.ts";
import type { GpuSample, Sample } from "../../../src/model/machine.ts";
import { busy, CPU, Days, running } from "../days.ts";
import { at, figure, makeCheckpoint, makeGpu, makeRun } from "../make.ts";

interface One {
  priority: number;
  /** Percent of the CPU that it uses; null: not known. */
  cpu: number | null;
  /** Seconds that a save takes; null: never measured. */
  save: number | null;
  /** Seconds since its last checkpoint. */
  saved: number;
}

const reading = (value: number) => ({ value, atMs: at(0).monotonicMs });

const jobOf = ({ priority, save, saved }: One, index: number): Job =>
  running(
    `j${index}`,
    { priority },
    {
      checkpoint: makeCheckpoint(1, at(-saved)),
      learned: save === null ? {} : { saveMs: figure(save * 1000), reloadMs: figure(0) },
    },
  );

const runsOf = (all: One[]): Sample["runs"] =>
  Object.fromEntries(
    all.map(({ cpu }, index) => [
      `j${index}`,
      {
        cpuPercent: cpu === null ? { unavailable: "?" } : reading(cpu),
        memoryMiB: reading(100),
        processes: 1,
      },
    ]),
  );

/** The index of the job that is paused first, while others use 64 % of the CPU. */
function first(all: One[]): number {
  const days = new Days({ rules: [CPU] }, ...all.map(jobOf));
  const [decided] = days.tick(0, busy, { runs: runsOf(all) });
  return Number(/pause j(\d+)/.exec(decided ?? "")?.[1]);
}

const usual: One = { priority: 0, cpu: 50, save: 4, saved: 60 };

describe("for a rule about others", () => {
  test.each<[string, Partial<One>[], number]>([
    [
      "a small one isn't paused before one that gives back what others use",
      [
        { cpu: 5, save: 1 },
        { cpu: 70, save: 40 },
      ],
      1,
    ],
    [
      "of two that give back enough, the cheaper",
      [
        { cpu: 95, save: 40 },
        { cpu: 62, save: 2 },
      ],
      1,
    ],
    [
      "where none gives back enough, the one that gives back most",
      [{ cpu: 9, save: 1 }, { cpu: 33 }, { cpu: 20 }],
      1,
    ],
    [
      "priority counts before all else",
      [
        { cpu: 5, save: 60 },
        { cpu: 90, save: 1, priority: 1 },
      ],
      0,
    ],
    ["of those that cost alike, the one that has just saved", [{ save: 4 }, { save: 4.3, saved: 2 }], 1],
    ["but not if it costs much more", [{ save: 4 }, { save: 12, saved: 2 }], 0],
    ["what was never measured is taken for dear", [{ save: null }, { save: 12 }], 1],
    [
      "an unknown use may be enough",
      [
        { cpu: null, save: 1 },
        { cpu: 64, save: 20 },
      ],
      0,
    ],
  ])("%s", (_, jobs, chosen) => expect(first(jobs.map((one) => ({ ...usual, ...one })))).toBe(chosen));

  const one = fc.record<One>({
    priority: fc.integer({ min: 0, max: 2 }),
    cpu: fc.integer({ min: 2, max: 90 }),
    save: fc.double({ min: 0.5, max: 300, noNaN: true }),
    saved: fc.integer({ min: 1, max: 5000 }),
  });

  test("never a job that matters more, never far less relief than another, never far dearer for the same", () => {
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 6 }), (all) => {
        const chosen = all[first(all)] as One;
        const lowest = Math.min(...all.map(({ priority }) => priority));
        expect(chosen.priority).toBe(lowest);
        const peers = all.filter(({ priority }) => priority === lowest);
        const needed = Math.min(64, Math.max(...peers.map(({ cpu }) => cpu ?? 0)));
        expect(chosen.cpu).toBeGreaterThanOrEqual(0.9 * needed);
        for (const peer of peers.filter(({ cpu }) => (cpu ?? 0) >= 0.9 * needed))
          expect(Math.max(1, chosen.save ?? 0)).toBeLessThanOrEqual(
            1.5 ** 1.01 * Math.max(1, peer.save ?? 0),
          );
      }),
      { numRuns: 80 },
    );
  });
});

test("the evidence of a pause says what made it the one", () => {
  const days = new Days({ rules: [CPU] }, ...[{ ...usual, cpu: 70 }].map(jobOf));
  days.tick(0, busy, { runs: runsOf([{ ...usual, cpu: 70 }]) });
  expect(days.decisions[0]?.evidence.choice).toEqual({ costMs: 4000, givesBack: 70 });
});

describe("for a rule about the machine, enough is what takes it back under the threshold", () => {
  test("of the CPU", () => {
    const all = [
      { ...usual, cpu: 12, save: 1 },
      { ...usual, cpu: 70, save: 50 },
    ];
    const tick = (total: number): string[] =>
      new Days({ rules: [{ ...CPU, metric: "cpu.total" }] }, ...all.map(jobOf)).tick(
        0,
        { "cpu.total": total },
        { runs: runsOf(all) },
      );
    expect(tick(70)).toEqual(["pause j0 by checkpoint"]);
    expect(tick(95)).toEqual(["pause j1 by checkpoint"]);
  });

  test("of memory, by share as well", () => {
    const runs = {
      a: { cpuPercent: reading(50), memoryMiB: reading(400), processes: 1 },
      b: { cpuPercent: reading(50), memoryMiB: reading(9000), processes: 1 },
    };
    const learned = (seconds: number) => ({ learned: { saveMs: figure(seconds * 1000) } });
    const tick = (below: number, free: number): string[] => {
      const rule = { name: "m", metric: "memory.availablePercent", below, clear: { above: below + 10 } };
      const jobs = [running("a", {}, learned(1)), running("b", {}, learned(90))];
      // 10,000 MiB in all.
      const readings = { "memory.availableMiB": free * 100, "memory.availablePercent": free };
      return new Days({ rules: [rule] }, ...jobs).tick(0, readings, { runs });
    };
    expect(tick(5, 2)).toEqual(["pause a by checkpoint"]);
    expect(tick(15, 2)).toEqual(["pause b by checkpoint"]);
  });

  test("of a GPU's memory, by what the driver lists", () => {
    const process = (ours: string, gpuMemoryMiB: number) => ({
      pid: 1,
      startTime: 1,
      user: "x",
      command: "x",
      ours,
      gpuMemoryMiB,
    });
    const gpu: GpuSample = {
      ...makeGpu(at(0), "GPU-0", 0, { "gpu.memory.freeMiB": 100 }),
      processes: [process("a", 700), process("b", 12_000)],
    };
    const job = (name: string, seconds: number): Job =>
      running(
        name,
        {},
        {
          state: { name: "running", since: at(0), run: makeRun({ id: name, gpus: ["GPU-0"] }) },
          learned: { saveMs: figure(seconds * 1000) },
        },
      );
    const tick = (below: number): string[] => {
      const rule = { name: "v", metric: "gpu.memory.freeMiB", below, clear: { above: below + 500 } };
      return new Days({ rules: [rule] }, job("a", 1), job("b", 80)).tick(
        0,
        {},
        { gpus: [gpu], gpusUnavailable: null },
      );
    };
    expect(tick(600)).toEqual(["pause a by checkpoint"]);
    expect(tick(4000)).toEqual(["pause b by checkpoint"]);
  });
});

test("a pause costs saving, leaving, loading and the steps made again, the typical of each", () => {
  const progress = {
    step: 5,
    totalSteps: null,
    epoch: null,
    metrics: {},
    reports: "running",
    advancedAtMs: 0,
    stepMs: 250,
  };
  const learned = {
    saveMs: figure(2000, 2200, 7_200_000),
    leaveMs: figure(300),
    reloadMs: figure(9000),
    stepsRedone: figure(4),
  };
  expect(pauseCostMs({ learned, progress })).toBe(2200 + 300 + 9000 + 1000);
  expect(pauseCostMs({ learned: { reloadMs: figure(9000) }, progress: null })).toBe(9000);
  expect(pauseCostMs({ learned: { memoryMiB: figure(1) }, progress })).toBeNull();
});
