/** Parses times as users type them: `2h`, `90s`, `1h30m`, `18:00`, `2026-11-23T18:00`. Pure. */
import { misuse } from "../refusal.ts";

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Milliseconds; fails as bad usage. */
export function durationMs(text: string, option: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smhdw])/gy)];
  const length = parts.reduce((sum, part) => sum + part[0].length, 0);
  const ms = parts.reduce(
    (sum, [, number, unit]) => sum + Number(number) * (UNITS_MS[unit as string] ?? 0),
    0,
  );
  if (length !== text.length || ms <= 0) {
    throw misuse(`${option} must be a duration like 90s, 45m, 2h, 1h30m or 1d, got '${text}'.`);
  }
  return ms;
}

/** The next time it is `18:00`, or a date with or without a time, as wall time in ms. Fails as bad usage. */
export function timeMs(text: string, option: string, nowMs: number): number {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (clock !== null) {
    const at = new Date(nowMs);
    at.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
    if (at.getTime() <= nowMs) at.setDate(at.getDate() + 1);
    return at.getTime();
  }
  // A date alone is meant in local time, as one with a time is.
  const ms = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text);
  if (/^\d{4}-/.test(text) && !Number.isNaN(ms)) return ms;
  throw misuse(`${option} must be a time like 18:00 or 2026-11-23T18:00, got '${text}'.`);
}

/** A moment in the past: a duration ago (`2h`), today's `09:00`, or a date. Fails as bad usage. */
export function pastMs(text: string, option: string, nowMs: number): number {
  if (/^[\d.]+[smhdw]/.test(text)) return nowMs - durationMs(text, option);
  const ms = timeMs(text, option, nowMs);
  return ms > nowMs && text.includes(":") && !text.includes("-") ? ms - 86_400_000 : ms;
}
