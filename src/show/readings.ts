/** A reading taken apart for drawing: its figure, or why there is none. Pure; never draws a doubt as zero. */
import type { Reading } from "../model/machine.ts";

/** The value, or null where there is none. */
export const measured = (reading: Reading | undefined): number | null =>
  reading !== undefined && "value" in reading && Number.isFinite(reading.value) ? reading.value : null;

/** Why there is no value; null where there is one. */
export const reasonOf = (reading: Reading | undefined): string | null =>
  reading === undefined ? "not read" : "unavailable" in reading ? reading.unavailable : null;
