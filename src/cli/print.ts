/**
 * Output of commands: results on stdout, everything else on stderr. The one way to print: whatever names,
 * commands or logs hold, it can't act on the terminal.
 */
import { SCHEMA_VERSION } from "../control/protocol.ts";
import { neutralJson, neutralLines } from "../show/neutral.ts";

/** A line of the result. */
export function print(text: string): void {
  process.stdout.write(`${neutralLines(text)}\n`);
}

/** A line about progress; not part of the result. */
export function say(text: string): void {
  process.stderr.write(`${neutralLines(text)}\n`);
}

/** The result as one JSON document. */
export function printJson(fields: object): void {
  writeJson(JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...fields }, null, 2));
}

/** One of many results, one per line. */
export function printJsonLine(fields: object): void {
  writeJson(JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...fields }));
}

const writeJson = (json: string): boolean => process.stdout.write(`${neutralJson(json)}\n`);

/** For text that is wrapped on a terminal only: a pipe gets whole lines, and so does a terminal that says 0. */
export const terminalWidth = (): number => process.stdout.columns || Number.POSITIVE_INFINITY;

/** Columns to fill: the terminal's, or plenty when there is none. */
export const width = (): number => process.stdout.columns || 160;
