/**
 * Sizes in words, in the unit that leaves at most three digits before the point. GiB and TiB always have
 * one decimal, so that changing figures stay in place; smaller units have one below 10 unless it is 0.
 * The same in a reason and on a gauge. Never decides anything.
 */
import { decimals } from "./number.ts";

const MIB = 1024 * 1024;

const UNITS: [unit: string, bytes: number][] = [
  ["B", 1],
  ["KiB", 1024],
  ["MiB", MIB],
  ["GiB", 1024 * MIB],
  ["TiB", MIB * MIB],
];

/** From MiB: "412 MiB", "1.1 GiB", "2.0 TiB"; "?" for anything that is not a number. */
export const size = (mib: number): string => parts(mib).join(" ");

/** From MiB, with one unit if both share it: "9.1–9.8 GiB", "412 MiB–1.1 GiB"; one size if both read alike. */
export function sizeRange(leastMiB: number, mostMiB: number): string {
  const most = size(mostMiB);
  if (size(leastMiB) === most) return most;
  const [figure = "", unit] = parts(leastMiB);
  return `${unit === parts(mostMiB)[1] ? figure : size(leastMiB)}–${most}`;
}

/** From bytes: "40 B", "1.5 MiB". */
export function bytes(count: number): string {
  return Number.isFinite(count) ? inUnits(count).join(" ") : "?";
}

/** Two sizes, from MiB, with one unit if both share it: "18.2 of 24.0 GiB", "300 MiB of 24.0 GiB". */
export function sizeOf(partMiB: number, wholeMiB: number): string {
  const [figure = "", unit] = parts(partMiB);
  return `${unit === parts(wholeMiB)[1] ? figure : size(partMiB)} of ${size(wholeMiB)}`;
}

/** The figure and its unit; only "?" for anything that is not a number. */
function parts(mib: number): string[] {
  if (!Number.isFinite(mib)) return ["?"];
  return mib === 0 ? ["0", "MiB"] : inUnits(mib * MIB);
}

function inUnits(count: number): [figure: string, unit: string] {
  for (const [unit, each] of UNITS) {
    const value = count / each;
    if (Math.abs(value) < 999.5 || unit === "TiB") return [figure(value, unit), unit];
  }
  throw new Error("the largest unit takes all");
}

function figure(value: number, unit: string): string {
  if (unit === "GiB" || unit === "TiB") return decimals(value, 1, 1);
  return decimals(value, Math.abs(value) < 10 && unit !== "B" ? 1 : 0);
}
