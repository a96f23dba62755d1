/**
 * Numbers and shares in words. In a sentence a number keeps one decimal below 100, since a reading often
 * stands beside the threshold that it has just passed; on a gauge, where it is in a column and changes
 * every second, it is rounded to a whole number. Never decides anything.
 */

/** From here on a double doesn't hold its first decimal. */
const NO_DECIMALS = 9e14;
/** Below this String() writes an exponent, and no figure here has so many decimals. */
const NOTHING = 1e-6;

/**
 * With at most `most` decimals, 0 or 1, and at least `least`, halves away from zero: 48210.25 → "48,210.3". As
 * `Intl.NumberFormat("en-US")` writes it, whose first use takes 20 ms and 7 MiB of memory in every process.
 */
export function decimals(value: number, most: number, least = 0): string {
  const size = Math.abs(value);
  if (size >= NO_DECIMALS) return String(Math.round(value));
  // Not `size * 10 ** most`, which isn't exact: 0.15 is to become 0.2.
  const scaled = size < NOTHING ? 0 : Math.round(Number(`${size}e${most}`));
  const digits = String(scaled).padStart(most + 1, "0");
  const whole = digits.slice(0, digits.length - most).replace(/\B(?=(?:\d{3})+$)/g, ",");
  let fraction = digits.slice(digits.length - most);
  while (fraction.length > least && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
  return `${value < 0 && scaled > 0 ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** 48210 → "48,210"; 63.72 → "63.7"; 5 → "5"; "?" for anything that is not a number. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "?";
  return decimals(value, Math.abs(value) >= 100 ? 0 : 1);
}

/** 48210.4 → "48,210". */
export const whole = (value: number): string => (Number.isFinite(value) ? decimals(value, 0) : "?");

/** "52.4 %": in a sentence. */
export const percent = (value: number): string => `${number(value)} %`;

/** "52 %": on a gauge. */
export const wholePercent = (value: number): string => `${whole(value)} %`;

/** "71–74 %": on a gauge; one figure if both read alike. */
export const percentRange = (least: number, most: number): string =>
  whole(least) === whole(most) ? wholePercent(most) : `${whole(least)}–${wholePercent(most)}`;

/** A value that a job reports, such as a loss, in about three digits: "0.312", "12.4", "1.2e-5". */
export function metric(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.001 || size >= 1e6) return value.toExponential(1);
  if (size < 1) return value.toFixed(3);
  if (size < 10) return value.toFixed(2);
  return size < 1000 ? value.toFixed(1) : whole(value);
}

/** "0.133 to 4.00": two such values, in as many digits as tell them apart; one where they are equal. */
export function metricRange(least: number, most: number): string {
  if (least === most) return metric(least);
  const inDigits = (count: number) => (value: number) => value.toPrecision(count);
  const ways = [metric, ...Array.from({ length: 16 }, (_, at) => inDigits(at + 2))];
  const way = ways.find((to) => to(least) !== to(most)) ?? metric;
  return `${way(least)} to ${way(most)}`;
}
