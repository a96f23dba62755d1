/** Covers: src/report/sleeps.ts */
import { describe, expect, test } from "vitest";
import { costed, pastOf, waitedForUntil } from "../../src/report/pause-costs.ts";
import type { Pause } from "../../src/report/pauses.ts";
import { type Sleep, sleepsIn, withoutSleeps } from "../../src/report/sleeps.ts";
import type { Span, SpanState } from "../../src/report/span.ts";

const span = (state: SpanState, from: number, to: number): Span => ({
  state,
  fromMs: from * 1000,
  toMs: to * 1000,
  actor: "user",
  reason: "Ana's turn.",
  run: 3,
  gpus: ["GPU-7"],
  event: 12,
});

const pause = (more: Partial<Pause>): Pause => ({
  job: "asr",
  run: 3,
  askedMs: 10_000,
  doneMs: 30_000,
  resumedMs: 50_000,
  goesOnMs: 60_000,
  overMs: 50_000,
  tookMs: 20_000,
  actor: "user",
  reason: "Ana's turn.",
  method: "checkpoint",
  saved: true,
  stepsLost: 0,
  bytes: 9,
  events: [],
  ...more,
});

const past = ({ spans = [], sleeps = [] }: { spans?: Span[]; sleeps?: Sleep[] } = {}) =>
  pastOf(spans, sleeps);

const told = (more: Partial<Pause>, of?: Parameters<typeof past>[0]) => {
  const { tookMs, costMs } = costed(pause(more), past(of));
  return [tookMs, costMs];
};

describe("a pause", () => {
  const slept = (from: number, to: number, ms: number) => ({
    sleeps: [{ fromMs: from * 1000, toMs: to * 1000, sleptMs: ms }],
  });

  test("costs its time until there is room and until its job works again, but for the machine's sleep", () => {
    expect(told({})).toEqual([20_000, 30_000]);
    expect(told({ tookMs: 4000 })).toEqual([4000, 14_000]);
    expect(told({ goesOnMs: 1_000_000 }, slept(52, 999, 930_000))).toEqual([20_000, 40_000]);
    expect(told({ doneMs: 1_000_000, tookMs: 990_000, resumedMs: null }, slept(12, 999, 970_000))).toEqual([
      20_000, 20_000,
    ]);
    expect(told({ doneMs: null, tookMs: null, overMs: null })).toEqual([null, null]);
  });

  test("whose end, or whose resume, somebody found has a cost that nobody knows", () => {
    expect(told({}, { spans: [span("pausing", 10, 20), span("unwatched", 20, 30)] })).toEqual([null, null]);
    expect(told({}, { spans: [span("starting", 50, 55), span("unwatched", 55, 60)] })).toEqual([
      20_000,
      null,
    ]);
    expect(told({}, { spans: [span("unwatched", 60, 90)] })).toEqual([20_000, 30_000]);
  });

  test("was waited for as long as anybody saw that", () => {
    const until = (more: Partial<Pause>, of?: Parameters<typeof past>[0]) =>
      waitedForUntil(pause(more), past(of));
    expect(until({})).toBe(30_000);
    expect(until({ doneMs: null, tookMs: null, overMs: 45_000 })).toBe(45_000);
    expect(until({}, { spans: [span("unwatched", 17, 30)] })).toBe(17_000);
    expect(until({ doneMs: 900_000, tookMs: 8000 })).toBe(18_000);
    expect(until({ doneMs: null, tookMs: null, overMs: null })).toBe(null);
  });
});

describe("a sleep", () => {
  const gap = { fromMs: 0, toMs: 1_000_000, awakeMs: 20_000 };

  test("lies between the signs that are farther apart than the machine was awake", () => {
    expect(sleepsIn([gap], [])).toEqual([{ fromMs: 0, toMs: 1_000_000, sleptMs: 980_000 }]);
    expect(sleepsIn([gap], [0, 5000, 990_000, 1_000_000])).toEqual([
      { fromMs: 5000, toMs: 990_000, sleptMs: 965_000 },
    ]);
    expect(sleepsIn([{ ...gap, awakeMs: 990_000 }], [])).toEqual([]);
    expect(sleepsIn([{ ...gap, awakeMs: -5 }], [])).toEqual([]);
  });

  test("is cut out of what works, each time, and out of nothing that rests", () => {
    const sleeps = [
      { fromMs: 20_000, toMs: 30_000, sleptMs: 1 },
      { fromMs: 50_000, toMs: 70_000, sleptMs: 1 },
    ];
    const all = withoutSleeps([span("running", 0, 60), span("frozen", 60, 90)], sleeps);
    expect(all.map(({ state, fromMs, toMs }) => `${state} ${fromMs / 1000}-${toMs / 1000}`)).toEqual([
      "running 0-20",
      "unwatched 20-30",
      "running 30-50",
      "unwatched 50-60",
      "frozen 60-90",
    ]);
    expect(all[1]).toMatchObject({ run: 3, gpus: ["GPU-7"], event: null, actor: null });
  });
});
