import { expect, test } from "vitest";
import { comparisonText, energyText } from "../../../src/report/energy/energy-words.ts";

const bill = (kWh: number, cost: number, unpricedKWh = 0) => ({
  kWh,
  cost,
  gCO2: 0,
  unpricedKWh,
  kWhWithoutCO2: kWh,
});
const EUR = { currency: "EUR" };

test("what wasn't read or priced is said, and no zero stands for it", () => {
  const of = { gpu: bill(3, 0.9), host: bill(0.4, 0.1), total: bill(3.4, 1), gpuGapMs: 0, hostGapMs: 0 };
  expect(energyText(of, EUR)).toBe("3.4 kWh (GPUs 3 kWh, host about 400 Wh by estimate), EUR 1.00");
  const blind = { ...of, gpu: bill(0, 0), total: bill(0.4, 0, 0.4), gpuGapMs: 7_200_000 };
  expect(energyText(blind, EUR)).toBe(
    "400 Wh (GPUs not known, host about 400 Wh by estimate); 400 Wh without a price; GPU power not known for 2 h",
  );
  expect(energyText(of, { currency: null })).not.toContain("price");
});

test("a comparison tells the gain and the delay, in both directions", () => {
  const one = { way: "neverPausing", doneMs: 5, bill: bill(3, 2), saved: 0.5, savedPercent: 25 } as const;
  expect(comparisonText({ ...one, laterMs: 3_600_000 }, EUR)).toBe(
    "without any pause: EUR 2.00, so EUR 0.50 (25 %) was saved; it would have been done 1 h earlier",
  );
  expect(comparisonText({ ...one, saved: -0.5, savedPercent: -25, laterMs: -60_000 }, EUR)).toBe(
    "without any pause: EUR 2.00, so EUR 0.50 (25 %) was paid more; it would have been done 1 min later",
  );
  expect(comparisonText({ ...one, way: "onlyWindows", doneMs: null, laterMs: null }, EUR)).toContain(
    "60 days",
  );
});
