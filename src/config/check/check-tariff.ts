/** A tariff's gaps, overlaps and time zone: what no shape can express. */

import { dayTime } from "../../words/time.ts";
import { type Fields, formatPath, type Path } from "../problem.ts";
import { DAY_MINUTES, DAYS, type Flaw, type Hours, minuteOf, weekOf } from "../tariff-week.ts";
import { zoneProblem } from "./check-windows.ts";
import type { Finding } from "./explain.ts";

/** More are one mistake, seen again and again. */
const MOST_FLAWS = 5;

export function checkTariff(root: unknown): Finding[] {
  const tariff = (root as Fields | null | undefined)?.tariff;
  if (typeof tariff !== "object" || tariff === null) return [];
  const fields = tariff as Fields;
  const path = ["tariff"];
  const zone = zoneProblem([...path, "timezone"], fields.timezone);
  return [...(zone === null ? [] : [zone]), ...checkSources(path, fields), ...checkWeek(path, fields)];
}

function checkSources(path: Path, { prices, file, command }: Fields): Finding[] {
  if (file !== undefined && command !== undefined)
    return [{ path, message: `${formatPath(path)} must have at most one of 'file' and 'command'.` }];
  const none = prices === undefined || (Array.isArray(prices) && prices.length === 0);
  if (!none || file !== undefined || command !== undefined) return [];
  return [
    { path, message: `${formatPath(path)} must have 'prices', a 'file' or a 'command', but has none.` },
  ];
}

function checkWeek(path: Path, { prices }: Fields): Finding[] {
  if (!Array.isArray(prices) || prices.length === 0) return [];
  const entries = prices.map(hoursOf);
  if (entries.includes(null)) return [];
  const here = [...path, "prices"];
  const { flaws } = weekOf(entries as Hours[]);
  return flaws.slice(0, MOST_FLAWS).map((flaw) => flawAt(here, flaw, flaws.length - MOST_FLAWS));
}

/** Null where the schema has something to say. */
function hoursOf(entry: unknown): Hours | null {
  if (typeof entry !== "object" || entry === null) return null;
  const { from = "00:00", to = "24:00", days = DAYS } = entry as Fields;
  if (minuteOf(from) === null || minuteOf(to) === null || !Array.isArray(days)) return null;
  if (days.some((day) => !(DAYS as readonly unknown[]).includes(day))) return null;
  return { from: from as string, to: to as string, days: days as Hours["days"] };
}

function flawAt(path: Path, { fromMinute, toMinute, by }: Flaw, more: number): Finding {
  const when = `${timeOf(fromMinute)} to ${timeOf(toMinute, true)}`;
  const others = more > 0 ? ` There are ${more} more such flaws.` : "";
  if (by === null) {
    const message = `${formatPath(path)} must cover the whole week, but ${when} has no price. Add an entry for it.`;
    return { path, message: message + others };
  }
  const [first, second] = by;
  const here = [...path, second];
  const message = `${formatPath(here)} overlaps ${formatPath([...path, first])} from ${when}: only one price may hold at a time.`;
  return { path: here, message: message + others };
}

/** "Mon 06:00"; a stretch's end at midnight is "Mon 24:00". */
function timeOf(minute: number, isEnd = false): string {
  const day = Math.floor((isEnd ? minute - 1 : minute) / DAY_MINUTES);
  const name = DAYS[day] ?? "";
  return `${name.charAt(0).toUpperCase()}${name.slice(1)} ${dayTime(minute - day * DAY_MINUTES)}`;
}
