/**
 * Numbers and shares in words. In a sentence a number keeps one decimal below 100, since a reading often
 * stands beside the threshold that it has just passed; on a gauge, where it is in a column and changes
 * every second, it is rounded to a whole number. Never decides anything.
 */
// "negative" drops the sign of a zero.
const wholes = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0, signDisplay: "negative" });
const tenths = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1, signDisplay: "negative" });

/** 48210 → "48,210"; 63.72 → "63.7"; 5 → "5"; "?" for anything that is not a number. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "?";
  return (Math.abs(value) >= 100 ? wholes : tenths).format(value);
}

/** 48210.4 → "48,210". */
export const whole = (value: number): string => (Number.isFinite(value) ? wholes.format(value) : "?");

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
