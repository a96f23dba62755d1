import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Reading } from "../../src/model/machine.ts";
import { packSample, SHAPE, unpackerOf } from "../../src/record/sample-row.ts";
import { at, sample } from "./material.ts";

const back = (packed: string, shape = SHAPE) => unpackerOf(shape)({ at_ms: at(0).wallMs, data: packed });

/** Readings as sensors make them, in thousandths. */
const thousandth = (min: number, max: number) =>
  fc.integer({ min: min * 1000, max: max * 1000 }).map((n) => n / 1000);
const reading: fc.Arbitrary<Reading> = fc.oneof(
  thousandth(-100, 1e6).map((value) => ({ value, atMs: at(0).monotonicMs })),
  fc.record({ value: thousandth(0, 100), atMs: fc.integer({ min: 0, max: at(0).monotonicMs }) }),
  fc.record({ value: thousandth(0, 50), upTo: thousandth(50, 100), atMs: fc.constant(at(0).monotonicMs) }),
  fc.record({ unavailable: fc.string() }),
);

describe("a sample as a row", () => {
  test("comes back as it was, whatever its readings", () => {
    fc.assert(
      fc.property(reading, reading, reading, (a, b, c) => {
        const whole = sample(at(0));
        whole.machine["cpu.others"] = a;
        (whole.gpus[0] as (typeof whole.gpus)[0]).metrics["gpu.temperature"] = b;
        whole.runs.r2 = { cpuPercent: c, memoryMiB: a, processes: 9 };
        whole.foreign = [{ pid: 7, startTime: null, user: "ana", command: "python", cpuPercent: 93.1 }];
        expect(back(packSample(whole))).toEqual(whole);
      }),
    );
  });

  test("comes back without GPUs, runs or others", () => {
    const bare = { ...sample(at(0)), gpus: [], gpusUnavailable: "no driver", runs: {}, foreign: [] };
    expect(back(packSample(bare))).toEqual(bare);
  });

  test("is small: a day of one a second stays below 100 MB", () => {
    expect(packSample(sample(at(0))).length * 86_400).toBeLessThan(100e6);
  });

  test("a long command line is cut", () => {
    const whole = sample(at(0));
    whole.foreign = [{ pid: 7, startTime: 1, user: "ana", command: "x".repeat(100_000) }];
    expect(back(packSample(whole)).foreign[0]?.command).toHaveLength(200);
  });

  test("no number is never taken for a reading", () => {
    const whole = sample(at(0), Number.NaN);
    expect(back(packSample(whole)).machine["cpu.total"]).toHaveProperty("unavailable");
  });

  test("readings that an older version didn't know are unavailable, the others in their places", () => {
    const older = { machine: [...SHAPE.machine].reverse().slice(1), gpu: SHAPE.gpu };
    const packed = JSON.parse(packSample(sample(at(0))));
    packed.machine = older.machine.map((_, i) => i);
    const { machine } = back(JSON.stringify(packed), older);
    const lost = SHAPE.machine.at(-1) as keyof typeof machine;
    expect(machine[lost]).toEqual({ unavailable: "not recorded" });
    expect(machine["cpu.total"]).toMatchObject({ value: SHAPE.machine.length - 2 });
  });
});
