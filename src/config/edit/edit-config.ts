/** Changes a config file, if what comes of it is valid. Its comments stay; a crash leaves the old one or the new one. */
import { readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import type { JSONPath } from "jsonc-parser";
import { misuse, refusing } from "../../refusal.ts";
import { checkText } from "../load.ts";
import { parseText } from "../parse-text.ts";
import { formatProblem, type Problem } from "../problem.ts";
import { removeAt, setAt } from "./edit-text.ts";

/** `value` undefined: it is taken out. */
export interface Edit {
  path: JSONPath;
  value: unknown;
}

/** The names of its jobs, in their order; a name that isn't a text is an empty one. Throws Refusal where it has problems. */
export function jobsIn(file: string): string[] {
  const { value } = parseText(validText(file));
  const jobs = (value as { jobs?: { name?: unknown }[] }).jobs ?? [];
  return jobs.map(({ name }) => (typeof name === "string" ? name : ""));
}

/**
 * Returns the doubts about the config as it is then. Throws Refusal, with every problem and its place, where it has
 * problems or would have; then nothing is written.
 */
export function editConfig(file: string, edits: Edit[]): Problem[] {
  const text = edits.reduce(
    (edited, { path, value }) => (value === undefined ? removeAt(edited, path) : setAt(edited, path, value)),
    validText(file),
  );
  const doubts = mustBeValid(
    text,
    file,
    "With this change the config would have problems; it was left as it is.",
  );
  // The file itself, where its name is a link.
  const real = realpathSync(file);
  const next = `${real}.${process.pid}.new`;
  refusing(`${file} can't be written`, () => {
    writeFileSync(next, text, { mode: statSync(real).mode & 0o777, flag: "wx" });
    renameSync(next, real);
  });
  return doubts;
}

function validText(file: string): string {
  const text = refusing(`${file} can't be read`, () => readFileSync(file, "utf8")).replace(/^\ufeff/, "");
  mustBeValid(text, file, "The config has problems; mend it first.");
  return text;
}

function mustBeValid(text: string, file: string, why: string): Problem[] {
  const checked = checkText(text, file);
  if (!checked.ok) throw misuse([why, ...checked.problems.map(formatProblem)].join("\n"));
  return checked.warnings;
}
