import { expect, test } from "vitest";
import { parsePrices } from "../../../src/report/energy/price-list.ts";

const line = (at: string, pricePerKWh: unknown = 0.1, more: object = {}) =>
  JSON.stringify({ at, pricePerKWh, ...more });
const [ONE, TWO] = ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"];

test.each([
  ["lines", `${line(ONE)}\n\n${line(TWO, -0.02, { gCO2PerKWh: 90 })}\n`],
  ["an array", `[${line(ONE)},${line(TWO, -0.02, { gCO2PerKWh: 90 })}]`],
  ["lines with one twice", `${line(ONE)}\n${line(ONE)}\n${line(TWO, -0.02, { gCO2PerKWh: 90 })}`],
])("as %s: the hour that a clock repeats is two", (_, text) => {
  const atMs = Date.UTC(2026, 9, 25);
  expect(parsePrices(text, "day.json")).toEqual({
    prices: [
      { atMs, pricePerKWh: 0.1, gCO2PerKWh: null },
      { atMs: atMs + 3_600_000, pricePerKWh: -0.02, gCO2PerKWh: 90 },
    ],
    notes: [],
  });
});

test.each([
  ["", "day.json has no prices."],
  [`${line(ONE)}\n{oops`, "day.json, line 2: no JSON: "],
  [line("2026-10-25T02:00:00"), "day.json, line 1: 'at' must be a date and time with its offset"],
  [line("2026-13-25T02:00:00Z"), "day.json, line 1: 'at' must be a date"],
  [line(ONE, "0.1"), `day.json, line 1: 'pricePerKWh' must be a number, got "0.1".`],
  [line(ONE, 0.1, { gCO2PerKWh: -1 }), "day.json, line 1: 'gCO2PerKWh' must be a number from 0 on, got -1."],
  [`${line(ONE)}\n${line(ONE, 0.2)}`, "day.json, line 2: a second price for the moment of line 1."],
  [`[${line(TWO)},${line(ONE)}]`, "day.json, entry 2: is before entry 1. Sort them by 'at'."],
  ["[null]", "day.json, entry 1: 'at' must be"],
])("%j is told with its place", (text, message) => {
  expect(() => parsePrices(text, "day.json")).toThrow(message);
});

test("prices of a MWh are doubted", () => {
  const { notes } = parsePrices(`${line(ONE, 87)}\n${line(TWO, 0.3)}`, "day.json");
  expect(notes).toEqual(["day.json: 1 of 2 prices are above 10 a kWh. Are they of a MWh, or in cents?"]);
});
