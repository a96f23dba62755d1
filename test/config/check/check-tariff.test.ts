/** Covers: src/config/tariff-week.ts, src/config/schema/tariff-schema.ts */
import { expect, test } from "vitest";
import { checkText } from "../../../src/config/load.ts";

const told = (tariff: object): string[] => {
  const loaded = checkText(JSON.stringify({ tariff }, null, 1), "/x/supervisor.config.json");
  return loaded.ok ? [] : loaded.problems.map(({ line, message }) => `${line}: ${message}`);
};
const price = (from: string, to: string, more: object = {}) => ({ from, to, pricePerKWh: 0.2, ...more });

test.each([
  [{ prices: [price("00:00", "24:00")] }],
  [{ prices: [price("07:00", "22:00"), price("22:00", "07:00", { pricePerKWh: -0.05 })] }],
  [
    {
      timezone: "Asia/Kathmandu",
      prices: [
        price("00:00", "24:00", { days: ["sat", "sun"] }),
        price("00:00", "24:00", { days: ["mon", "tue", "wed", "thu", "fri"] }),
      ],
    },
  ],
  [{ command: ["prices-of-the-day"], prices: [] }],
])("a tariff that is whole: %j", (tariff) => {
  expect(told(tariff)).toEqual([]);
});

test.each<[object, string[]]>([
  [
    { prices: [price("06:00", "22:00"), price("22:00", "05:30")] },
    Array.from({ length: 5 }, (_, day) => ["Mon", "Tue", "Wed", "Thu", "Fri"][day]).map(
      (day) =>
        `3: tariff.prices must cover the whole week, but ${day} 05:30 to ${day} 06:00 has no price. Add an entry for it. There are 2 more such flaws.`,
    ),
  ],
  [
    { prices: [price("00:00", "24:00"), price("12:00", "24:00", { days: ["wed"] })] },
    [
      "9: tariff.prices[1] overlaps tariff.prices[0] from Wed 12:00 to Wed 24:00: only one price may hold at a time.",
    ],
  ],
  [
    { timezone: "Europe/Berlim", prices: [price("00:00", "24:00")] },
    ['3: tariff.timezone must be an IANA time zone, got "Europe/Berlim". Did you mean "Europe/Berlin"?'],
  ],
  [{ currency: "EUR" }, ["2: tariff must have 'prices', a 'file' or a 'command', but has none."]],
  [{ file: "a", command: ["b"] }, ["2: tariff must have at most one of 'file' and 'command'."]],
])("a tariff that is not: %j", (tariff, expected) => {
  expect(told(tariff)).toEqual(expected);
});

test.each([
  [{ prices: [price("7", "22:00")] }, "tariff.prices[0].from"],
  [{ prices: [price("00:00", "24:00", { pricePerKWh: "0.2" })] }, "tariff.prices[0].pricePerKWh"],
  [{ prices: [price("00:00", "24:00", { gCO2PerKWh: -4 })] }, "tariff.prices[0].gCO2PerKWh"],
  [{ prices: [price("00:00", "24:00", { days: ["monday"] })] }, "tariff.prices[0].days[0]"],
  [{ prices: [price("00:00", "24:00")], currency: "euro" }, "tariff.currency"],
])("a wrong shape is told at its place: %j", (tariff, path) => {
  expect(told(tariff)).toEqual([expect.stringContaining(`${path} `)]);
});
