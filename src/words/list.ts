/** Counts, ordinals and lists, in words. Never decides anything. */
import { number } from "./number.ts";

const ordinals = new Intl.PluralRules("en", { type: "ordinal" });
const SUFFIXES: Partial<Record<Intl.LDMLPluralRule, string>> = { one: "st", two: "nd", few: "rd" };
const lists = new Intl.ListFormat("en-GB", { type: "conjunction" });

/** "1 step", "3,412 steps". */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

/** "1st", "12th", "23rd". */
export const ordinal = (place: number): string =>
  `${number(place)}${SUFFIXES[ordinals.select(place)] ?? "th"}`;

/** "a", "a and b", "a, b and c". */
export const list = (items: (string | number)[]): string => lists.format(items.map(String));

/** Joins the parts that aren't empty with `joint`. */
export const joined = (parts: string[], joint: string): string =>
  parts.filter((part) => part !== "").join(joint);
