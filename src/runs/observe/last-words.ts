/**
 * The line of a failed run's output that tells most of why: the last one that names an error, else the last
 * one with a word in it. A program may write a summary, a stack or a version below its error.
 */
import { stripVTControlCharacters } from "node:util";
import { linesOf } from "./lines-of-run.ts";

/** An error further up was survived. */
const LINES = 60;
const LONGEST = 200;
/** "ValueError: bad shape", "[rank0]: torch.OutOfMemoryError: …", "main.py: error: …", "thread 'main' panicked at …". */
const NAMES_ERROR =
  /(?:\b[\w.]*(?:Error|Exception|Interrupt)|\b(?:error|fatal|panicked)\b.*?):\s+\S|\bpanicked at\b/i;
/** Frames, banners, and lines of our own: the launcher's, and where a run begins. */
const TELLS_NOTHING = /^(?:\s*at\s|Traceback\b|Node\.js v|supervisor: exit code|── run )|^[^\p{L}\p{N}]*$/u;

/** At most 200 characters, without escapes; null where it has written none. Never throws. */
export function lastWords(stateDirectory: string, job: string, runId: string): string | null {
  const lines = linesOf(stateDirectory, job, runId)
    .slice(-LINES)
    .map(plain)
    .filter((line) => !TELLS_NOTHING.test(line));
  const line = lines.findLast((one) => NAMES_ERROR.test(one)) ?? lines.at(-1);
  return line === undefined ? null : shortened(line.trim());
}

/** As a terminal leaves it: a progress bar's newest state, without colours. */
function plain(line: string): string {
  const states = stripVTControlCharacters(line).split("\r");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a program writes may hold anything
  return (states.findLast((one) => one.trim() !== "") ?? "").replace(/[\x00-\x1f\x7f-\x9f]+/g, " ");
}

const shortened = (line: string): string =>
  line.length <= LONGEST ? line : `${[...line].slice(0, LONGEST - 1).join("")}…`;
