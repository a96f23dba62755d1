/** Output of commands: results on stdout, all that goes on beside them on stderr. */
import { SCHEMA_VERSION } from "../control/protocol.ts";

/** A line of the result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What happens meanwhile; not part of the result. */
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

/** Of text that is wrapped for a person only: a pipe gets whole lines. */
export const terminalWidth = (): number => process.stdout.columns ?? Number.POSITIVE_INFINITY;

/** Columns to fill: the terminal's, or room enough where there is none. */
export const width = (): number => process.stdout.columns ?? 160;
