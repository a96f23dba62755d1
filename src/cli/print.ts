/** Output of commands: results on stdout, everything else on stderr. */
import { SCHEMA_VERSION } from "../control/protocol.ts";

/** A line of the result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line about progress; not part of the result. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The result as one JSON document. */
export function printJson(fields: object): void {
  print(JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...fields }, null, 2));
}

/** One of many results, one per line. */
export function printJsonLine(fields: object): void {
  print(JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...fields }));
}

/** For text that is wrapped on a terminal only: a pipe gets whole lines. */
export const terminalWidth = (): number => process.stdout.columns ?? Number.POSITIVE_INFINITY;

/** Columns to fill: the terminal's, or plenty when there is none. */
export const width = (): number => process.stdout.columns ?? 160;
