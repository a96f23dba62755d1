/** A pattern that was typed without quotes, so that the shell has put the names of files in its place. Only looks. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { misuse } from "../../../../refusal.ts";

const PATTERN = /[*?[\]{}]/;

/**
 * Null where the pattern is one; else what to say of it, if it names a file that is there.
 * @param words what stands where the command is expected @param cwd the job's folder, absolute
 * @throws Refusal (bad usage) where further files stand in front of the command
 */
export function expandedGlob(glob: string | undefined, words: readonly string[], cwd: string): string | null {
  if (glob === undefined || PATTERN.test(glob) || !existsSync(resolve(cwd, glob))) return null;
  const [next = ""] = words;
  const quoted = `quote the pattern, such as --checkpoint-glob '${patternOf(glob)}'`;
  if (dirname(next) === dirname(glob) && existsSync(resolve(cwd, next)) && words.length > 1)
    throw misuse(
      `The shell has put files in place of the pattern of --checkpoint-glob (${glob}, ${next}, …): ${quoted}`,
    );
  return `--checkpoint-glob names one file, ${glob}. If the shell has put that in place of a pattern, ${quoted}`;
}

/** The likeliest: its step or its epoch varies. */
function patternOf(name: string): string {
  const pattern = name.replace(/\d+(?!.*\d)/, "*");
  return pattern === name ? `${dirname(name)}/*` : pattern;
}
