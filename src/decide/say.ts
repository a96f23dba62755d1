/**
 * The wording of numbers, times and processes in reasons, so that all sentences agree. Local
 * times are those of the system's time zone. Never decides anything.
 */
import { type Exit, type ProcessEvidence, programOf } from "../model.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const DAY_MS = 86_400_000;
const two = (n: number): string => String(n).padStart(2, "0");

/** 48210 → "48,210"; 63.72 → "63.7". */
export function number(value: number): string {
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
  const [whole = "0", rest] = String(rounded).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/** "10 s", "13 min", "3 h 12 min". */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** "412 MiB", "18.2 GiB". */
export function size(mib: number): string {
  return mib >= 1024 ? `${number(mib / 1024)} GiB` : `${number(mib)} MiB`;
}

export const bytes = (count: number): string =>
  count < 1_048_576 ? `${number(count / 1024)} KiB` : size(count / 1_048_576);

/** "16:02", "Tue 07:00" within a week, else "2026-11-29 07:00". */
export function clockTime(wallMs: number, nowWallMs: number): string {
  const at = new Date(wallMs);
  const today = new Date(nowWallMs);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (Math.abs(wallMs - nowWallMs) < DAY_MS && at.getDate() === today.getDate()) return time;
  if (Math.abs(wallMs - nowWallMs) < 6 * DAY_MS) return `${DAYS[at.getDay()]} ${time}`;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** "'stress' (pid 8812, ana) and 2 others"; null when nobody is known. */
export function processes(found: ProcessEvidence[]): string | null {
  const first = found[0];
  if (first === undefined) return null;
  const name = `'${programOf(first.command)}' (pid ${first.pid}, ${first.user})`;
  if (found.length === 1) return name;
  return `${name} and ${found.length === 2 ? "1 other" : `${found.length - 1} others`}`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/** "exit code 1", "signal SIGKILL", and what a shell means by 126 and 127. */
export function exitText(exit: Exit): string {
  if (!exit.known) return "an unknown exit (its record is missing)";
  if (exit.signal !== null) return `signal ${exit.signal}`;
  if (exit.code === 127) return "exit code 127: command not found";
  if (exit.code === 126) return "exit code 126: not executable";
  return `exit code ${exit.code}`;
}
