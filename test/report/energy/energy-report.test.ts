/**
 * The bill of a month, beside the one that Python makes of the same samples.
 * Covers: src/report/energy/instead.ts, src/report/energy/meter.ts, src/report/energy/prices.ts
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Sample } from "../../../src/model/machine.ts";
import { energyReport } from "../../../src/report/energy/energy-report.ts";
import type { Span, SpanState } from "../../../src/report/span.ts";
import { makeConfig, makeGpu, makeSample } from "../../decide/make.ts";
import { pythonPath } from "../../python-path.ts";

const HOUR = 3_600_000;
const WORKDAYS = ["mon", "tue", "wed", "thu", "fri"];
const PRICES = [
  {
    days: WORKDAYS,
    from: "06:00",
    to: "20:30",
    pricePerKWh: 0.3127,
    gCO2PerKWh: 420,
  },
  {
    days: WORKDAYS,
    from: "20:30",
    to: "06:00",
    pricePerKWh: 0.1893,
    gCO2PerKWh: 310,
  },
  { days: ["sat"], from: "06:00", to: "10:00", pricePerKWh: 0.24, gCO2PerKWh: 300 },
  // Sun and wind, and nobody at work.
  { days: ["sat"], from: "10:00", to: "24:00", pricePerKWh: -0.031, gCO2PerKWh: 80 },
  { days: ["sun"], from: "00:00", to: "24:00", pricePerKWh: -0.012, gCO2PerKWh: 95 },
  { days: ["mon"], from: "00:00", to: "06:00", pricePerKWh: 0.1801, gCO2PerKWh: 305 },
];
/**
 * The Ontario Energy Board's regulated time-of-use prices of winter 2022/23, in dollars, as Hydro Ottawa published
 * them (hydroottawa.com, "Time-of-use", prices effective November 1, 2022). March has no holiday in it.
 */
const ONTARIO = [
  { days: WORKDAYS, from: "07:00", to: "11:00", pricePerKWh: 0.151 },
  { days: WORKDAYS, from: "11:00", to: "17:00", pricePerKWh: 0.102 },
  { days: WORKDAYS, from: "17:00", to: "19:00", pricePerKWh: 0.151 },
  { days: WORKDAYS, from: "19:00", to: "24:00", pricePerKWh: 0.074 },
  { days: WORKDAYS, from: "00:00", to: "07:00", pricePerKWh: 0.074 },
  { days: ["sat", "sun"], from: "00:00", to: "24:00", pricePerKWh: 0.074 },
];
const window = { name: "night", opens: "0 21 * * *", closes: "0 5 * * *" };

interface Month {
  zone: string;
  fromMs: number;
  days: number;
  prices: readonly { pricePerKWh: number; gCO2PerKWh?: number }[];
}

/** Nights of work, with a pause, a reload and a hole in the samples now and then. */
function month({ fromMs, days }: Pick<Month, "fromMs" | "days">): {
  spans: Span[];
  samples: [ms: number, watts: number][];
} {
  const spans: Span[] = [];
  let atMs = fromMs + 17 * 60_000;
  const become = (state: SpanState, ms: number): void => {
    const gpus = state === "paused" ? [] : ["GPU-a"];
    const rest = { actor: null, reason: "", run: 1, event: null };
    spans.push({ state, fromMs: atMs, toMs: atMs + ms, gpus, ...rest });
    atMs += ms;
  };
  for (let day = 0; day < days; day += 1) {
    become("running", 5 * HOUR + day * 61_007);
    become("pausing", 41_500);
    become("paused", 3 * HOUR);
    become("starting", 95_250);
    become("running", 8 * HOUR);
    become("pausing", 12_000);
    become("paused", fromMs + (day + 1) * 24 * HOUR - atMs);
  }
  const samples: [number, number][] = [];
  for (let ms = fromMs; ms <= atMs; ms += 60_000) {
    if (Math.floor(ms / HOUR) % 53 === 7) continue;
    samples.push([ms, 180 + Math.round(120 * Math.sin(ms / 4_000_000))]);
  }
  return { spans, samples };
}

const sampleAt = ([ms, watts]: [number, number]): Sample => {
  const now = { wallMs: ms, monotonicMs: ms };
  const cpuPercent = { value: 0, atMs: ms };
  const runs = { r1: { cpuPercent, memoryMiB: cpuPercent, processes: 1 } };
  return makeSample(now, {}, { gpus: [makeGpu(now, "GPU-a", 0, { "gpu.power": watts })], runs });
};

describe.each<[string, Month]>([
  [
    "with a day of 23 hours",
    { zone: "Europe/Berlin", fromMs: Date.UTC(2026, 2, 2), days: 31, prices: PRICES },
  ],
  [
    "with a day of 25 hours",
    { zone: "Europe/Berlin", fromMs: Date.UTC(2026, 9, 5), days: 31, prices: PRICES },
  ],
  [
    "half an hour off",
    { zone: "Australia/Adelaide", fromMs: Date.UTC(2026, 8, 20), days: 31, prices: PRICES },
  ],
  [
    "of a published tariff",
    { zone: "America/Toronto", fromMs: Date.UTC(2023, 2, 1, 5), days: 30, prices: ONTARIO },
  ],
])("a month %s", (_, given) => {
  test("costs, and would have cost, what Python says", () => {
    const { spans, samples } = month(given);
    const untilMs = given.fromMs + given.days * 24 * HOUR;
    const tariff = { timezone: given.zone, prices: given.prices };
    const { jobs, all } = energyReport({
      spans: new Map([["tts", spans]]),
      samples: samples.map(sampleAt),
      jobOfRun: new Map([["r1", "tts"]]),
      series: [],
      config: makeConfig({ tariff, windows: [{ ...window, timezone: given.zone }] }),
      sinceMs: given.fromMs,
      untilMs,
    });
    const input = JSON.stringify({ timezone: given.zone, prices: given.prices, spans, samples });
    const python = execFileSync(pythonPath, [join(import.meta.dirname, "bill.py")], { input });
    const expected = JSON.parse(python.toString());
    const [job] = jobs;
    const near = (is: { kWh: number; cost: number; gCO2: number } | undefined, should: typeof is) => {
      for (const part of ["kWh", "cost", "gCO2"] as const)
        expect(is?.[part], part).toBeCloseTo(should?.[part] ?? Number.NaN, 6);
    };
    expect(expected.actual.kWh).toBeGreaterThan(50);
    near(job?.total, expected.actual);
    near(all.total, expected.actual);
    expect(job?.total.unpricedKWh).toBe(0);
    expect(job?.total.kWhWithoutCO2).toBeCloseTo(expected.actual.kWhWithoutCO2, 6);
    expect(job?.gpuGapMs).toBeGreaterThan(5 * HOUR);
    expect(job?.instead?.map(({ way }) => way)).toEqual(["neverPausing", "onlyWindows"]);
    for (const { way, bill, doneMs, saved, savedPercent } of job?.instead ?? []) {
      near(bill, expected[way]);
      expect(doneMs).toBe(expected[way].doneMs);
      expect(saved).toBeCloseTo(expected[way].cost - expected.actual.cost, 6);
      expect(savedPercent).toBeCloseTo((1 - expected.actual.cost / expected[way].cost) * 100, 6);
    }
  });
});

describe("what isn't known", () => {
  const { spans, samples } = month({ fromMs: Date.UTC(2026, 5, 1), days: 2 });
  const sinceMs = Date.UTC(2026, 5, 1);
  const of = (all: Sample[], more: Partial<Parameters<typeof energyReport>[0]> = {}) =>
    energyReport({
      spans: new Map([["tts", spans]]),
      samples: all,
      jobOfRun: new Map([["r1", "tts"]]),
      series: [],
      config: makeConfig(),
      sinceMs,
      untilMs: sinceMs + 48 * HOUR,
      ...more,
    }).jobs[0];
  const held = spans
    .filter(({ gpus }) => gpus.length > 0)
    .reduce((sum, one) => sum + one.toMs - one.fromMs, 0);

  test("is a gap: power that is N/A, and no sample at all", () => {
    const blind = samples.map(sampleAt).map((sample) => ({ ...sample, gpus: [] }));
    expect(of(blind)).toMatchObject({ gpu: { kWh: 0 }, gpuGapMs: held, hostGapMs: 0, instead: null });
    expect(of([])).toMatchObject({ gpuGapMs: held, hostGapMs: held, instead: null });
  });

  test("is energy without a price: no tariff, and moments that a list of prices leaves out", () => {
    const whole = of(samples.map(sampleAt));
    expect(whole?.total.unpricedKWh).toBeCloseTo(whole?.total.kWh ?? 0, 9);
    expect(whole?.instead?.[0]?.saved).toBeNull();
    const hours = Array.from({ length: 47 }, (_, hour) => sinceMs + hour * HOUR).filter(
      (_, hour) => hour !== 3,
    );
    const series = hours.map((atMs) => ({ atMs, pricePerKWh: -0.5, gCO2PerKWh: null }));
    const tariff = { prices: [], timezone: "UTC" };
    const priced = of(samples.map(sampleAt), { series, config: { ...makeConfig(), tariff } as never });
    const { kWh = 0, cost, unpricedKWh = 0, kWhWithoutCO2 } = priced?.total ?? {};
    expect(unpricedKWh).toBeGreaterThan(0.1);
    expect(unpricedKWh).toBeLessThan(0.35);
    expect(cost).toBeCloseTo((kWh - unpricedKWh) * -0.5, 9);
    expect(kWhWithoutCO2).toBeCloseTo(kWh, 9);
  });

  test("a GPU that two jobs hold is shared, and the host's estimate follows the CPU", () => {
    const busy = samples.map(sampleAt).map((sample) => {
      const cpuPercent = { value: 25, atMs: sample.at.monotonicMs };
      const use = { cpuPercent, memoryMiB: cpuPercent, processes: 1 };
      return { ...sample, runs: { r1: use, r2: use } };
    });
    const two = energyReport({
      spans: new Map([
        ["tts", spans],
        ["asr", spans],
      ]),
      samples: busy,
      jobOfRun: new Map([
        ["r1", "tts"],
        ["r2", "asr"],
      ]),
      series: [],
      config: makeConfig({ energy: { hostWatts: 200 } }),
      sinceMs,
      untilMs: sinceMs + 48 * HOUR,
    });
    const [tts, asr] = two.jobs;
    const alone = of(busy)?.gpu.kWh ?? 0;
    expect(tts?.gpu.kWh).toBeCloseTo(alone / 2, 9);
    expect(two.all.gpu.kWh).toBeCloseTo(alone, 9);
    const measured = (held - (asr?.hostGapMs ?? 0)) / HOUR;
    expect(asr?.host.kWh).toBeCloseTo((measured * 50) / 1000, 9);
  });

  test("a GPU that is shared is shared, also where one of the jobs alone is told of", () => {
    const both = new Map([
      ["tts", spans],
      ["asr", spans],
    ]);
    const alone = of(samples.map(sampleAt))?.gpu.kWh ?? 0;
    const config = makeConfig({ energy: { hostWatts: 200 } });
    const period = { sinceMs, untilMs: sinceMs + 48 * HOUR };
    const one = energyReport({
      spans: both,
      shown: new Set(["tts"]),
      samples: samples.map(sampleAt),
      jobOfRun: new Map(),
      series: [],
      config,
      ...period,
    });
    expect(one.jobs.map(({ job }) => job)).toEqual(["tts"]);
    expect(one.all.gpu.kWh).toBeCloseTo(alone / 2, 9);
  });
});
