/** Prices by moment, from the text that a tariff's file or command yields. Pure; every problem has its place. */
import { Refusal } from "../../refusal.ts";
import { number } from "../../words/number.ts";
import type { PriceAt } from "./prices.ts";

/** Beyond this a price of one kWh is one of a MWh, or in another unit. */
const ODD_PRICE = 10;

export interface PriceList {
  prices: PriceAt[];
  /** Doubts about it: whole sentences. */
  notes: string[];
}

/** `source` names it in a sentence. Throws Refusal that names the entry. */
export function parsePrices(text: string, source: string): PriceList {
  const rows = rowsOf(text, source);
  const prices: PriceAt[] = [];
  for (const [index, row] of rows.entries()) {
    const price = priceOf(row.value, `${source}, ${row.place}`);
    const before = prices.at(-1);
    if (before !== undefined && price.atMs === before.atMs) {
      if (price.pricePerKWh === before.pricePerKWh) continue;
      throw new Refusal(
        `${source}, ${row.place}: a second price for the moment of ${rows[index - 1]?.place}.`,
      );
    }
    if (before !== undefined && price.atMs < before.atMs)
      throw new Refusal(`${source}, ${row.place}: is before ${rows[index - 1]?.place}. Sort them by 'at'.`);
    prices.push(price);
  }
  if (prices.length === 0) throw new Refusal(`${source} has no prices.`);
  const odd = prices.filter(({ pricePerKWh }) => Math.abs(pricePerKWh) > ODD_PRICE);
  const note = `${source}: ${number(odd.length)} of ${number(prices.length)} prices are above ${ODD_PRICE} a kWh. Are they of a MWh, or in cents?`;
  return { prices, notes: odd.length === 0 ? [] : [note] };
}

interface Row {
  value: unknown;
  place: string;
}

function rowsOf(text: string, source: string): Row[] {
  if (text.trimStart().startsWith("[")) {
    const all = parsed(text, source);
    return Array.isArray(all) ? all.map((value, index) => ({ value, place: `entry ${index + 1}` })) : [];
  }
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const place = `line ${index + 1}`;
    return [{ value: parsed(line, `${source}, ${place}`), place }];
  });
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(`${where}: no JSON: ${(error as Error).message}.`);
  }
}

function priceOf(row: unknown, where: string): PriceAt {
  const { at, pricePerKWh, gCO2PerKWh = null } = (row ?? {}) as Record<string, unknown>;
  const must = (what: string, got: unknown): Refusal =>
    new Refusal(`${where}: ${what}, got ${JSON.stringify(got) ?? "nothing"}.`);
  // Without an offset an hour of the clock's change would be two.
  if (
    typeof at !== "string" ||
    !/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(at) ||
    Number.isNaN(Date.parse(at))
  )
    throw must("'at' must be a date and time with its offset, such as 2026-11-29T14:00:00+01:00", at);
  if (typeof pricePerKWh !== "number") throw must("'pricePerKWh' must be a number", pricePerKWh);
  if (gCO2PerKWh !== null && (typeof gCO2PerKWh !== "number" || gCO2PerKWh < 0))
    throw must("'gCO2PerKWh' must be a number from 0 on", gCO2PerKWh);
  return { atMs: Date.parse(at), pricePerKWh, gCO2PerKWh };
}
