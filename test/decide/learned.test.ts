/**
 * Learned figures hold a start back where they are sure, and never for ever where they aren't.
 * Covers: src/decide/starts/room.ts
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gpuMemoryOf, measured, needOf } from "../../src/decide/learned.ts";
import { roster } from "../../src/decide/roster.ts";
import type { Figure } from "../../src/model/figure.ts";
import type { Job } from "../../src/model/job.ts";
import type { GpuSample } from "../../src/model/machine.ts";
import { busy, CPU, Days, pausedJob, quiet } from "./days.ts";
import { at, figure, makeConfig, makeGpu, makeJob } from "./make.ts";

const LEAST = { name: "m", metric: "memory.availableMiB", below: 1000, clear: { above: 1500 } };
const MINUTES = 60;

const once = (value: number): Figure => ({ count: 1, recent: [value] });
const waiting = (learned: Job["learned"]): Job => pausedJob("tts", {}, { learned });

/** The second of the resume while this much memory is free; NaN if none comes within two hours. */
function resumedAt(job: Job, freeMiB: number): number {
  const days = new Days({ rules: [LEAST] }, job);
  for (let second = 0; second < 7200; second += 30)
    if (days.tick(second, { "memory.availableMiB": freeMiB }).length > 0) return second;
  return Number.NaN;
}

describe("a resume", () => {
  test("waits for what was measured often enough, however long, and says how sure that is", () => {
    const job = waiting({ memoryMiB: { count: 40, recent: [6000, 6100, 5900, 6050] } });
    expect(resumedAt(job, 7000)).toBeNaN();
    expect(resumedAt(job, 7500)).toBe(0);
    const days = new Days({ rules: [LEAST] }, job);
    days.tick(0, { "memory.availableMiB": 7000 });
    expect(days.waits("tts")).toEqual(["footprint"]);
    expect(days.said("tts")).toContain(
      "needs 5.9 GiB (measured 40 times, ± 50 MiB), 6.8 GiB of memory free; rule 'm' keeps 1.0 GiB",
    );
    expect(days.why.tts?.sooner?.[0]?.command).toBe("supervisor resume tts");
    days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(2, { "memory.availableMiB": 7000 })).toEqual(["resume tts"]);
  });

  test("names what there is room for, and how sure that is", () => {
    const days = new Days({ rules: [CPU] }, waiting({ memoryMiB: figure(900, 910, 870, 905) }));
    days.tick(0, busy);
    days.tick(1, quiet);
    expect(days.last.reasons[0]).toContain(
      "there is room for its 905 MiB of memory (measured 4 times, ± 5 MiB).",
    );
    expect(days.decisions[0]?.evidence.needs).toMatchObject({ memoryMiB: { peak: 905, count: 4 } });
  });

  test("waits a while for what was measured once, then tries", () => {
    const job = waiting({ memoryMiB: once(60_000) });
    const days = new Days({ rules: [LEAST] }, job);
    days.tick(0, { "memory.availableMiB": 7000 });
    expect(days.said("tts")).toContain("(measured once)");
    const until = days.why.tts?.waitingFor[0]?.untilMs ?? 0;
    expect(resumedAt(job, 7000)).toBe(Math.ceil((until - at(0).wallMs) / 30_000) * 30);
    expect(resumedAt(job, 7000)).toBeLessThanOrEqual(10 * MINUTES);
  });

  test("is never held back for ever by one wrong figure, whichever and wherever it is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 8 }),
        fc.nat(8),
        fc.double({ min: 1e4, max: 1e12, noNaN: true }),
        (right, place, wrong) => {
          const recent = [...right.slice(0, place), wrong, ...right.slice(place)];
          const job = waiting({ memoryMiB: { count: recent.length, recent } });
          // 7,000 MiB have room for the largest that is right.
          expect(resumedAt(job, 7000)).toBeLessThanOrEqual(10 * MINUTES);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("on a GPU", () => {
  const RULES = [
    { name: "busy", metric: "gpu.utilization", above: 90, clear: { below: 80 } },
    { name: "full", metric: "gpu.memory.freeMiB", below: 2000, clear: { above: 2500 } },
  ];
  const gpu = (used: number, freeMiB: number): GpuSample =>
    makeGpu(at(0), "GPU-0", 0, { "gpu.utilization": used, "gpu.memory.freeMiB": freeMiB });
  const tick = (learned: Job["learned"], there: GpuSample): [string[], string] => {
    const days = new Days({ rules: RULES }, pausedJob("tts", { gpus: 1 }, { learned }));
    const decided = days.tick(0, {}, { gpus: [there], gpusUnavailable: null });
    return [decided, days.said("tts")];
  };

  test("its time must fit under the rule's threshold, with a margin", () => {
    const learned = { gpuPercent: figure(60) };
    expect(tick(learned, gpu(28, 20_000))[0]).toEqual(["resume tts"]);
    const [decided, said] = tick(learned, gpu(29, 20_000));
    expect(decided).toEqual([]);
    expect(said).toContain(
      "it used 60 % (measured 3 times) of a GPU, and GPU 0 is at 29 %; rule 'busy' allows 90 %",
    );
  });

  test("its memory must leave what the rule keeps, with a margin", () => {
    const learned = { gpuMemoryMiB: { "GPU-0": figure(10_000) } };
    expect(tick(learned, gpu(0, 12_500))[0]).toEqual(["resume tts"]);
    const [decided, said] = tick(learned, gpu(0, 12_499));
    expect(decided).toEqual([]);
    expect(said).toContain(
      "needs 9.8 GiB (measured 3 times) on GPU 0, 12.2 GiB free; rule 'full' keeps 2.0 GiB",
    );
  });
});

test("a need is that of the fullest GPU, and none where a person wants the job to run", () => {
  const gpuMemoryMiB = { a: figure(3000), b: figure(9000), c: figure(100) };
  expect(gpuMemoryOf({ gpuMemoryMiB })).toBe(gpuMemoryMiB.b);
  expect(gpuMemoryOf({})).toBeUndefined();
  const manual = { want: "run" as const, sinceMs: 0, excused: [], windowUntilMs: null };
  expect(needOf(figure(5), makeJob(), at(0))?.value).toBe(5);
  expect(needOf(figure(5), makeJob({}, { manual }), at(0))).toBeNull();
  expect(needOf(figure(5), makeJob({}, { manual: { ...manual, honoured: true } }), at(0))?.value).toBe(5);
});

test("what wasn't measured leaves a figure as it is", () => {
  const learned = { saveMs: figure(5) };
  expect(measured(learned, { saveMs: null, reloadMs: null })).toEqual(learned);
  expect(measured(learned, { saveMs: 9, reloadMs: 4 })).toEqual({
    saveMs: { count: 4, recent: [5, 5, 5, 9] },
    reloadMs: once(4),
  });
});

test("what was learned is forgotten with the command that it was learned of", () => {
  const learned = { memoryMiB: figure(60_000) };
  const known = makeJob({ command: ["train", "--batch", "64"] }, { learned });
  const among = (command: string[]) =>
    roster(makeConfig({ jobs: [{ name: "tts", priority: 3, command }] }), [known], at(1)).tts;
  expect(among(["train", "--batch", "64"])).toMatchObject({ learned, spec: { priority: 3 } });
  expect(among(["train", "--batch", "8"])?.learned).toEqual({});
});
