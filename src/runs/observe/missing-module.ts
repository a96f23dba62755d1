/** A Python module that a failed run did not find, and which interpreter looked for it: that of the command. */
import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import type { MissingModule } from "../../model/seen.ts";

const NAMED = /\bNo module named '?([\w.]+)'?/;
const IS_PYTHON = /^python[\d.]*$/;
const LONGEST = 256;

/** @param program what the run's command was found to be, if that is known */
export function missingModule(lastWords: string, program: string | undefined): MissingModule | null {
  const module = NAMED.exec(lastWords)?.[1];
  if (module === undefined) return null;
  const interpreter = program === undefined ? null : interpreterOf(program);
  return { module, ...(interpreter !== null && { interpreter }) };
}

/** A script such as torchrun names its own in its first line. */
function interpreterOf(program: string): string | null {
  if (IS_PYTHON.test(basename(program))) return program;
  const [, named = ""] = /^#!\s*(\/\S+)/.exec(beginningOf(program)) ?? [];
  return IS_PYTHON.test(basename(named)) ? named : null;
}

function beginningOf(path: string): string {
  try {
    const file = openSync(path, "r");
    try {
      const read = Buffer.alloc(LONGEST);
      return read.toString("latin1", 0, readSync(file, read, 0, LONGEST, 0)).split("\n")[0] ?? "";
    } finally {
      closeSync(file);
    }
  } catch {
    return "";
  }
}
