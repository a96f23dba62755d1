/** A family for each reading, in base units: shares as ratios, memory in bytes. */
import type { Reading } from "../../model/machine.ts";
import type { Family, Labels, Series } from "../exposition.ts";

export const MIB = 1_048_576;
const PERCENT = 0.01;

/** How a metric of the config is named and scaled as a family. */
export interface As {
  name: string;
  help: string;
  scale: number;
  labels?: Labels;
}

export const ratio = (name: string, help: string, labels?: Labels): As => ({
  name: `${name}_ratio`,
  help,
  scale: PERCENT,
  ...(labels && { labels }),
});
export const bytes = (name: string, help: string): As => ({ name: `${name}_bytes`, help, scale: MIB });

export const gauge = (name: string, help: string, series: Series[]): Family => ({
  name,
  type: "gauge",
  help,
  series,
});
export const counter = (name: string, help: string, series: Series[]): Family => ({
  name: `${name}_total`,
  type: "counter",
  help,
  series,
});

/** None where there is no figure: what can't be read is never a zero. */
export function series(reading: Reading, scale: number, labels: Labels): Series[] {
  if (!("value" in reading)) return [];
  // A product such as 7 × 0.01 has digits that were never measured.
  return [{ labels, value: Number((reading.value * scale).toPrecision(12)) }];
}

/** 1 or 0. */
export const flag = (is: boolean): number => (is ? 1 : 0);
