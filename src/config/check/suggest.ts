/** Guesses what the user meant to write. A guess is only ever shown, never applied. */
import { distance } from "fastest-levenshtein";

/** The one of `words` that `word` most likely stands for, or null if none is close. */
export function closest(word: string, words: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.ceil(word.length / 3)) + 1;
  for (const candidate of words) {
    const away = distance(word.toLowerCase(), candidate.toLowerCase());
    const other = 2 * away >= word.length && !isSlip(word.toLowerCase(), candidate.toLowerCase(), away);
    if (away < least && !other) [best, least] = [candidate, away];
  }
  // "memory" for "gpuMemoryMiB": too many letters apart, yet part of only one.
  const containing = words.filter((candidate) => candidate.toLowerCase().includes(word.toLowerCase()));
  return best ?? (word.length >= 3 && containing.length === 1 ? (containing[0] as string) : null);
}

/** Half of a short word's letters apart is another word, unless it begins the same and two letters have changed places. */
const isSlip = (word: string, candidate: string, away: number): boolean =>
  word[0] === candidate[0] && (away === 1 || sorted(word) === sorted(candidate));

const sorted = (word: string): string => [...word].sort().join("");

/** A command written for a shell: plain words become an argv, anything else needs a shell. */
export const argvFor = (text: string): string[] =>
  /^[\w./:=@%+, -]+$/.test(text) ? text.trim().split(/\s+/) : ["bash", "-c", text];

export type Unit = "seconds" | "minutes" | "hours" | "days" | "MiB" | "percent" | "share" | "°C" | "W" | null;

const TIME: Record<string, number> = {
  ms: 0.001,
  s: 1,
  sec: 1,
  m: 60,
  min: 60,
  h: 3600,
  hour: 3600,
  d: 86_400,
  day: 86_400,
};
const MIB: Record<string, number> = {
  b: 1 / 2 ** 20,
  kb: 1000 / 2 ** 20,
  kib: 1 / 1024,
  k: 1 / 1024,
  mb: 1e6 / 2 ** 20,
  mib: 1,
  m: 1,
  gb: 1e9 / 2 ** 20,
  gib: 1024,
  g: 1024,
  tb: 1e12 / 2 ** 20,
  tib: 2 ** 20,
  t: 2 ** 20,
};
const LENGTH = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };

/** The number in `unit` that a text with a unit stands for: `"5 GiB"` in MiB is 5120; null if unclear. */
export function numberFor(text: string, unit: Unit): number | null {
  const match = /^\s*([+-]?\d+(?:[.,]\d+)?)\s*([a-z%°]*)\s*$/i.exec(text);
  if (match === null) return null;
  const number = Number(match[1]?.replace(",", "."));
  const suffix = (match[2] ?? "").toLowerCase();
  if (suffix === "") return number;
  if (unit === "MiB") return scaled(number, MIB[suffix], 1);
  if (unit === "percent") return suffix === "%" ? number : null;
  if (unit === "share") return suffix === "%" ? number / 100 : null;
  if (unit === "°C") return suffix === "c" || suffix === "°c" ? number : null;
  if (unit === "W") return suffix === "w" || suffix === "watts" ? number : null;
  if (unit === null) return null;
  return scaled(number, TIME[suffix] ?? TIME[suffix.replace(/(ond|ute)?s$|(ond|ute)$/, "")], LENGTH[unit]);
}

function scaled(number: number, factor: number | undefined, per: number): number | null {
  if (factor === undefined) return null;
  const value = (number * factor) / per;
  return value >= 10 ? Math.round(value) : Math.round(value * 1000) / 1000;
}

/** The unit of a key's number, read from its name. */
export function unitOfKey(key: string): Unit {
  const words = { Seconds: "seconds", Minutes: "minutes", Hours: "hours", Days: "days", MiB: "MiB" } as const;
  for (const [ending, unit] of Object.entries(words)) if (key.endsWith(ending)) return unit;
  if (key === "ignoreGpuBelow") return "percent";
  return key === "maxPauseOverhead" ? "share" : null;
}

/** The unit of a metric's thresholds. */
export function unitOfMetric(metric: string): Unit {
  if (metric.endsWith("MiB")) return "MiB";
  if (metric === "gpu.temperature") return "°C";
  return metric === "gpu.power" ? "W" : "percent";
}
