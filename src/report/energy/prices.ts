/** Electricity prices over a period, as stretches without a gap or an overlap between them. Pure. */
import type { Tariff } from "../../config/schema/tariff-schema.ts";
import { WEEK_MINUTES, weekOf } from "../../config/tariff-week.ts";
import { Zone } from "../../decide/windows/daylight-saving.ts";

/** Wall times in ms, `toMs` excluded. Null: nobody tells. */
export interface Stretch {
  fromMs: number;
  toMs: number;
  pricePerKWh: number | null;
  gCO2PerKWh: number | null;
}

/** A price that holds from a moment on. */
export interface PriceAt {
  atMs: number;
  pricePerKWh: number;
  gCO2PerKWh: number | null;
}

const MINUTE_MS = 60_000;
/** Clocks are changed at whole quarters of an hour of UTC. */
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** 1 January 1970 was a Thursday; the week begins on Monday. */
const EPOCH_MINUTE = 3 * 24 * 60;

/**
 * The tariff's prices by weekday and hour on its wall clock, so that a day of 23 or 25 hours has as many priced
 * hours; prices by moment (`series`, sorted) go before them. A moment's price holds until the next one, and
 * no longer than what usually lies between two of them.
 */
export function stretches(
  tariff: Pick<Tariff, "timezone" | "prices">,
  series: readonly PriceAt[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Stretch[] {
  const found: Stretch[] = [];
  let atMs = fromMs;
  for (const price of series.flatMap(holding(series))) {
    const [begins, ends] = [Math.max(price.fromMs, atMs), Math.min(price.toMs, toMs)];
    if (ends <= begins) continue;
    found.push(...byWeek(tariff, atMs, begins), { ...price, fromMs: begins, toMs: ends });
    atMs = ends;
  }
  return [...found, ...byWeek(tariff, atMs, toMs)];
}

function holding(series: readonly PriceAt[]): (price: PriceAt, index: number) => Stretch[] {
  const apart = series.slice(1).map(({ atMs }, index) => atMs - (series[index]?.atMs ?? atMs));
  const usualMs = apart.sort((a, b) => a - b)[Math.floor(apart.length / 2)] ?? 60 * MINUTE_MS;
  return ({ atMs, pricePerKWh, gCO2PerKWh }, index) => {
    const nextMs = series[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    return [{ fromMs: atMs, toMs: Math.min(nextMs, atMs + usualMs), pricePerKWh, gCO2PerKWh }];
  };
}

function byWeek(
  { timezone, prices }: Pick<Tariff, "timezone" | "prices">,
  fromMs: number,
  toMs: number,
): Stretch[] {
  if (toMs <= fromMs) return [];
  const unpriced = { pricePerKWh: null, gCO2PerKWh: null };
  if (prices.length === 0) return [{ fromMs, toMs, ...unpriced }];
  const zone = new Zone(timezone);
  const { minutes } = weekOf(prices);
  const found: Stretch[] = [];
  let last = -2;
  for (const { atMs, aheadMs } of quarters(zone, fromMs, toMs))
    for (let minute = atMs; minute < atMs + QUARTER_MS; minute += MINUTE_MS) {
      const [begins, ends] = [Math.max(minute, fromMs), Math.min(minute + MINUTE_MS, toMs)];
      if (ends <= begins) continue;
      const entry = minutes[(Math.floor((minute + aheadMs) / MINUTE_MS) + EPOCH_MINUTE) % WEEK_MINUTES] ?? -1;
      const before = found.at(-1);
      if (entry === last && before !== undefined) before.toMs = ends;
      else {
        const { pricePerKWh = null, gCO2PerKWh = null } = prices[entry] ?? {};
        found.push({ fromMs: begins, toMs: ends, pricePerKWh, gCO2PerKWh });
      }
      last = entry;
    }
  return found;
}

/** Each quarter of an hour, with how far the wall clock is ahead of UTC in it: asked for only where a day changes it. */
function* quarters(
  zone: Zone,
  fromMs: number,
  toMs: number,
): Generator<{ atMs: number; aheadMs: number }, void> {
  let [day, nextAheadMs] = [Math.floor(fromMs / DAY_MS) * DAY_MS, Number.NaN];
  for (; day < toMs; day += DAY_MS) {
    const dayAheadMs = Number.isNaN(nextAheadMs) ? zone.offset(day) : nextAheadMs;
    nextAheadMs = zone.offset(day + DAY_MS);
    for (let atMs = day; atMs < day + DAY_MS; atMs += QUARTER_MS)
      if (atMs < toMs && atMs + QUARTER_MS > fromMs)
        yield { atMs, aheadMs: dayAheadMs === nextAheadMs ? dayAheadMs : zone.offset(atMs) };
  }
}

/** Energy with its price; `unpricedKWh` and `kWhWithoutCO2` are the parts of it for which nobody tells one. */
export interface Bill {
  kWh: number;
  cost: number;
  gCO2: number;
  unpricedKWh: number;
  kWhWithoutCO2: number;
}

export const emptyBill = (): Bill => ({ kWh: 0, cost: 0, gCO2: 0, unpricedKWh: 0, kWhWithoutCO2: 0 });

const JOULES_PER_KWH = 3_600_000;

/** Prices energy by when it was used. Built for one period; fastest where each time is near the one before. */
export class Prices {
  readonly #stretches: readonly Stretch[];
  #at = 0;

  constructor(all: readonly Stretch[]) {
    this.#stretches = all;
  }

  /** Adds what `watts` cost between two moments to a bill. */
  add(bill: Bill, watts: number, fromMs: number, toMs: number): void {
    let atMs = fromMs;
    while (atMs < toMs) {
      const stretch = this.#stretchAt(atMs);
      const endMs = Math.min(toMs, stretch.toMs);
      const kWh = (watts * (endMs - atMs)) / 1000 / JOULES_PER_KWH;
      bill.kWh += kWh;
      if (stretch.pricePerKWh === null) bill.unpricedKWh += kWh;
      else bill.cost += kWh * stretch.pricePerKWh;
      if (stretch.gCO2PerKWh === null) bill.kWhWithoutCO2 += kWh;
      else bill.gCO2 += kWh * stretch.gCO2PerKWh;
      atMs = endMs;
    }
  }

  #stretchAt(ms: number): Stretch {
    const all = this.#stretches;
    while (this.#at > 0 && (all[this.#at]?.fromMs ?? Number.POSITIVE_INFINITY) > ms) this.#at -= 1;
    while (this.#at < all.length && (all[this.#at]?.toMs ?? 0) <= ms) this.#at += 1;
    const found = all[this.#at];
    if (found !== undefined && found.fromMs <= ms) return found;
    const toMs = found?.fromMs ?? Number.POSITIVE_INFINITY;
    return { fromMs: ms, toMs, pricePerKWh: null, gCO2PerKWh: null };
  }
}
