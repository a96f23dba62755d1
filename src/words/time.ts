/**
 * Moments in words, in the system's time zone: the time alone on the same day, with the weekday within
 * six days, with the date beyond that, and with the year if it differs. Callers always pass `nowMs`:
 * nothing here reads a clock. All from wall time in ms.
 */
import { duration } from "./duration.ts";

const SECOND_MS = 1000;
const SIX_DAYS_MS = 6 * 86_400_000;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (value: number): string => String(value).padStart(2, "0");

/** "16:02", "Tue 07:00", "2 Dec 10:00", "2 Jan 2027 10:00"; "?" for an invalid time. */
export function clockTime(ms: number, nowMs: number): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "?";
  const now = new Date(nowMs);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (isSameDay(at, now)) return time;
  if (Math.abs(ms - nowMs) < SIX_DAYS_MS) return `${WEEKDAYS[at.getDay()]} ${time}`;
  const year = at.getFullYear() === now.getFullYear() ? "" : `${at.getFullYear()} `;
  return `${at.getDate()} ${MONTHS[at.getMonth()]} ${year}${time}`;
}

/** By its numbers, since each tick asks for each job that waits: as texts they cost half of a decision. */
const isSameDay = (one: Date, other: Date): boolean =>
  one.getDate() === other.getDate() &&
  one.getMonth() === other.getMonth() &&
  one.getFullYear() === other.getFullYear();

/** "14:02:11": the time of day alone, to the second. */
export function exactTime(ms: number): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "??:??:??";
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** "06:30", "24:00": minutes of a day. */
export const dayTime = (minutes: number): string => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;

/** "in 4 h 12 min", in whole seconds; "now" unless it lies ahead. */
export const coming = (ms: number, nowMs: number): string =>
  ms > nowMs ? `in ${duration(Math.ceil((ms - nowMs) / SECOND_MS) * SECOND_MS)}` : "now";

/** "07:00, in 4 h 12 min"; a past time appears alone. */
export const timeAndComing = (ms: number, nowMs: number): string =>
  ms > nowMs ? `${clockTime(ms, nowMs)}, ${coming(ms, nowMs)}` : clockTime(ms, nowMs);
