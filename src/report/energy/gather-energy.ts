/** Samples, runs and prices of a period, from the database and from the tariff's file or command. */
import { readFileSync } from "node:fs";
import type { Config } from "../../config/schema/schema.ts";
import type { Sample } from "../../model/machine.ts";
import { readRuns, readSamples } from "../../record/read.ts";
import { Refusal } from "../../refusal.ts";
import { lastWords, runChild } from "../../spawn/run-child.ts";
import { list } from "../../words/list.ts";
import { type PriceList, parsePrices } from "./price-list.ts";

/** Enough for each minute of six weeks, and for each second of half a day. */
const MOST_SAMPLES = 60_000;
/** Farther apart they would show gaps; older samples are kept for each minute alone. */
const LONGEST_STEP_MS = 60_000;
const COMMAND_MS = 60_000;

/** Long periods are read in steps, of at least a second. Throws DatabaseError. */
export function samplesOf(database: string, period: { sinceMs: number; untilMs: number }): Iterable<Sample> {
  const everyMs = Math.min(LONGEST_STEP_MS, Math.ceil((period.untilMs - period.sinceMs) / MOST_SAMPLES));
  return readSamples(database, everyMs <= 1000 ? period : { ...period, everyMs });
}

/** Throws DatabaseError. */
export function jobsOfRuns(database: string): Map<string, string> {
  return new Map([...readRuns(database)].map(({ id, job }) => [id, job]));
}

/** Throws Refusal: what can't be read, and where it is wrong. */
export async function pricesOf(tariff: Config["tariff"]): Promise<PriceList> {
  if (tariff?.file !== undefined) return parsePrices(read(tariff.file), tariff.file);
  const [program, ...args] = tariff?.command ?? [];
  if (program === undefined) return { prices: [], notes: [] };
  const ended = await runChild(program, args, { timeoutMs: COMMAND_MS });
  const name = `tariff.command (${list([program, ...args])})`;
  if (ended.ok) return parsePrices(ended.stdout, name);
  const words = lastWords(ended.stderr);
  throw new Refusal(`${name} yields no prices: ${ended.reason}${words === "" ? "" : ` (${words})`}.`);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Refusal(`tariff.file can't be read: ${(error as Error).message}.`);
  }
}
