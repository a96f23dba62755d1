/**
 * Over time: work, pressure, holes in the history, and what the energy of each stretch costs.
 * Covers: src/show/course-lines.ts, src/show/replay-lines.ts
 */
import { expect, test } from "vitest";
import { replay } from "../../src/replay/replay.ts";
import { stretches } from "../../src/report/energy/prices.ts";
import { courseLines } from "../../src/show/course-lines.ts";
import { replayLines } from "../../src/show/replay-lines.ts";
import { CPU_RULE, configOf, historyOf, knownJob, START_MS } from "./material.ts";

const HOUR = 3_600_000;
/** 6:00 to 10:00 UTC: somebody computes in the second hour, and nothing is recorded in the third. */
const history = () =>
  historyOf({
    seconds: 4 * 3600,
    scene: (second) => ({
      cpuOthers: second >= 3600 && second < 7200 ? 80 : 5,
      gpuOthers: 0,
      watts: second < 3600 ? 120 : 300,
    }),
    kept: (second) => second < 7200 || second >= 10_800,
    jobs: [knownJob("asr")],
  });
const config = configOf({
  rules: [CPU_RULE],
  jobs: [{ name: "asr", command: ["train"] }],
  tariff: {
    currency: "CHF",
    timezone: "UTC",
    prices: [
      { from: "00:00", to: "06:30", pricePerKWh: 0.1 },
      { from: "06:30", to: "24:00", pricePerKWh: 0.4 },
    ],
  },
});

async function played(isPriced: boolean) {
  const { tariff } = config;
  if (tariff === undefined) throw new Error("the config has a tariff");
  const prices = stretches(tariff, [], { fromMs: START_MS, toMs: START_MS + 4 * HOUR });
  const one = { name: "one.json", config, yardstick: config, ...(isPriced && { prices }) };
  return replay(history(), [one]);
}

test("each column tells the share of work and of pressure, and none where nothing was recorded", async () => {
  const [figures] = (await played(false)).configs;
  if (figures === undefined) throw new Error("nothing was replayed");
  const { stepMs, work, pressure } = figures.course;
  expect(stepMs).toBe((4 * HOUR) / 60);
  expect(work.slice(1, 15)).toEqual(new Array(14).fill(1));
  expect(work.slice(17, 30)).toEqual(new Array(13).fill(0));
  // The look after a hole takes a second of it.
  expect(work.slice(32, 44)).toEqual(new Array(12).fill(null));
  expect(work.slice(47, 59)).toEqual(new Array(12).fill(1));
  const sum = pressure.reduce<number>((all, share) => all + (share ?? 0), 0);
  expect(sum * stepMs).toBeCloseTo(figures.pressureMs, -3);
  expect(pressure[15]).toBeGreaterThan(0);
  expect(courseLines(figures, true)[0]).toBe("one.json, 4 min a column:");
});

test("bars: nothing, a little, all, and not recorded", () => {
  const course = { stepMs: 60_000, work: [0, 0.01, 0.5, 1, null, 1], pressure: [0, 0, 0, 0, null, 0.2] };
  expect(courseLines({ config: "x", course }, false)).toEqual([
    "1 min a column:",
    "  at work        ·▁▄█ █",
    "  pressure felt  ···· ▂",
  ]);
});

test("energy is priced by when it was used, and not at all without a tariff", async () => {
  const [plain] = (await played(false)).configs;
  expect(plain?.bill).toBeNull();
  const replayed = await played(true);
  const [figures] = replayed.configs;
  // 120 W for half an hour at 0.1 and at 0.4, then 300 W for two hours at 0.4.
  const cost = 0.06 * 0.1 + 0.06 * 0.4 + 0.6 * 0.4;
  expect(figures?.bill?.cost).toBeCloseTo(cost, 3);
  expect(figures?.bill?.kWh).toBeCloseTo((figures?.energyWh ?? 0) / 1000, 6);
  const lines = replayLines({ ...replayed, currency: "CHF" }, START_MS);
  expect(lines.find((line) => line.startsWith("its price"))).toMatch(/CHF 0\.27$/);
});
