/** Counts, ordinals and lists, in words. Never decides anything. */
import { number } from "./number.ts";

const SUFFIXES = ["th", "st", "nd", "rd"];

/** "1 step", "3,412 steps". */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/** "1st", "12th", "23rd". */
export function ordinal(place: number): string {
  const isTeen = place % 100 > 10 && place % 100 < 14;
  return `${number(place)}${(isTeen ? undefined : SUFFIXES[place % 10]) ?? "th"}`;
}

/** "a", "a and b", "a, b and c". */
export const list = (items: (string | number)[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** Joins the parts that aren't empty with `joint`. */
export const joined = (parts: string[], joint: string): string =>
  parts.filter((part) => part !== "").join(joint);
