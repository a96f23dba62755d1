/**
 * Durations, sizes, shares and times as people read them. Pure: `now` is always passed in.
 * Times of day are local to the machine.
 */
import type { Reading } from "../model.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** The value, or null where there is none. */
export const measured = (reading: Reading | undefined): number | null =>
  reading !== undefined && "value" in reading && Number.isFinite(reading.value) ? reading.value : null;

/** Why there is no value; null where there is one. */
export const reasonOf = (reading: Reading | undefined): string | null =>
  reading === undefined ? "not read" : "unavailable" in reading ? reading.unavailable : null;

/** `37,210` */
export const count = (value: number): string => (Number.isFinite(value) ? grouped.format(value) : "?");

/** `52 %`; one decimal below 10 only when asked for. */
export function percent(value: number, decimals = 0): string {
  if (!Number.isFinite(value)) return "? %";
  return `${value.toFixed(value !== 0 && Math.abs(value) < 10 ? decimals : 0)} %`;
}

/** From MiB: `412 MiB`, `1.1 GiB`, `2.0 TiB`. */
export function mebibytes(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (Math.abs(value) < 1) return value === 0 ? "0 MiB" : `${Math.max(1, Math.round(value * 1024))} KiB`;
  if (Math.abs(value) < 1000) return `${Math.round(value)} MiB`;
  if (Math.abs(value) < 1000 * 1024) return `${(value / 1024).toFixed(1)} GiB`;
  return `${(value / 1024 / 1024).toFixed(1)} TiB`;
}

/** From bytes, as `mebibytes`. */
export const bytes = (value: number): string => mebibytes(value / (1024 * 1024));

/** Two numbers of one unit: `18.2 of 24.0 GiB`. */
export function mebibytesOf(part: number, whole: number): string {
  const [wholeText, unit] = splitUnit(mebibytes(whole));
  const [partText, partUnit] = splitUnit(mebibytes(part));
  if (unit !== "GiB" || !(part >= 0)) return `${partText} ${partUnit} of ${wholeText} ${unit}`;
  return `${(part / 1024).toFixed(1)} of ${wholeText} ${unit}`;
}

function splitUnit(text: string): [string, string] {
  const at = text.lastIndexOf(" ");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** `45 s`, `12 min`, `3 h 12 min`, `2 d 4 h`; never negative. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "?";
  const rest = Math.max(0, ms);
  if (rest < MINUTE) return `${Math.floor(rest / SECOND)} s`;
  if (rest < HOUR) return `${Math.floor(rest / MINUTE)} min`;
  if (rest < DAY) return both(Math.floor(rest / HOUR), "h", Math.floor((rest % HOUR) / MINUTE), "min");
  return both(Math.floor(rest / DAY), "d", Math.floor((rest % DAY) / HOUR), "h");
}

function both(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Its largest unit alone: `3 h`. */
export const shortDuration = (ms: number): string => duration(ms).split(" ").slice(0, 2).join(" ");

/** From seconds as a config has them: `8 s`, `5 min`, `1.5 s`. */
export const seconds = (value: number): string =>
  value < 60 && !Number.isInteger(value) ? `${value} s` : duration(value * SECOND);

const two = (value: number): string => String(value).padStart(2, "0");

/** `14:02:11` */
export function clockTime(ms: number): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "??:??:??";
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `14:02` today, `Tue 07:00` within six days, `3 Dec 07:00` otherwise. */
export function when(ms: number, nowMs: number): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "?";
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === new Date(nowMs).toDateString()) return time;
  if (Math.abs(ms - nowMs) < 6 * DAY) return `${WEEKDAYS[at.getDay()]} ${time}`;
  return `${at.getDate()} ${MONTHS[at.getMonth()]} ${time}`;
}

/** `07:00, in 4 h 12 min`; a past time stands alone. */
export function whenAndIn(ms: number, nowMs: number): string {
  return ms > nowMs ? `${when(ms, nowMs)}, in ${duration(ms - nowMs)}` : when(ms, nowMs);
}

/** A metric of a job, such as a loss, in about four digits: `0.312`, `12.4`, `1.2e-5`. */
export function metric(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.001 || size >= 1e6) return value.toExponential(1);
  if (size < 1) return value.toFixed(3);
  if (size < 10) return value.toFixed(2);
  return size < 1000 ? value.toFixed(1) : count(value);
}
