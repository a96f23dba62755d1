import { expect, test } from "vitest";
import { energy, mass, money } from "../../src/words/energy.ts";

test("energy, mass and money in about three digits", () => {
  expect([12.34, 0.82, 1.007, -0.5, 0].map(energy)).toEqual([
    "12.3 kWh",
    "820 Wh",
    "1.01 kWh",
    "-500 Wh",
    "0 Wh",
  ]);
  expect([3210, 410.4].map(mass)).toEqual(["3.21 kg", "410 g"]);
  expect([12.345, -0.2, 0.00123, 0].map((one) => money(one, "EUR"))).toEqual([
    "EUR 12.35",
    "-EUR 0.20",
    "EUR 0.00123",
    "EUR 0.00",
  ]);
});
