/**
 * Makes text from outside (process names, commands, job output, error messages) harmless on a
 * terminal: nothing in it may move the cursor, change colours, reverse the reading order or hide.
 * Every string that is drawn or printed passes through here.
 */
import { stripVTControlCharacters } from "node:util";

/** Text that can't do any harm, which is nearly all: tested first because it is cheap. */
const HARMLESS = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2190-\u21ff\u2500-\u25ff…·–—‘’“”→]*$/;
const SPACES = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const C0 = /[\x00-\x1f]/g;
const C1 = /[\x7f-\x9f]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Zero-width and filling characters: terminals disagree about their width. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const LONE_SURROGATE = /\p{Surrogate}/gu;
/** Private use and unassigned characters: width unknown. */
const UNKNOWN = /[\p{Co}\p{Cn}]/gu;
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu;

/**
 * One line that shows what it was: an escape becomes `␛`, a line break a space, a bidi control `�`;
 * invisible characters go. Idempotent.
 */
export function neutral(text: string): string {
  if (HARMLESS.test(text)) return text;
  return text
    .replace(SPACES, " ")
    .replace(C0, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(C1, "�")
    .replace(BIDI, "�")
    .replace(LONE_SURROGATE, "�")
    .replace(INVISIBLE, "")
    .replace(UNKNOWN, "�")
    .replace(STACKED_MARKS, "$1");
}

/** Text of several lines for a terminal: its line breaks (CSV's, too) and tabs stay, anything else is as in `neutral`. */
export function neutralLines(text: string): string {
  if (HARMLESS.test(text)) return text;
  return text.replace(/(?:[^\t\n\r]|\r(?!\n))+/g, neutral);
}

/** JSON that says the same and can't act on a terminal: what JSON itself leaves as it is, is escaped. */
export const neutralJson = (json: string): string =>
  json.replace(
    /[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\u${(0x10000 + c.charCodeAt(0)).toString(16).slice(1)}`,
  );

/** Of a line redrawn with carriage returns (a progress bar), its last state. */
export const lastState = (line: string): string => line.slice(line.lastIndexOf("\r", line.length - 2) + 1);

/** A job's output line: colours are dropped rather than shown, since programs mean them well. */
export const neutralLogLine = (line: string): string =>
  neutralLines(lastState(stripVTControlCharacters(line)).trimEnd());

/** A job's output as lines, each in its last state. */
export function neutralLog(text: string): string[] {
  const lines = stripVTControlCharacters(text).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => neutral(lastState(line).trimEnd()));
}
