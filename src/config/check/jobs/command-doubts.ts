/** Words of a valid job's command that only a shell would take for more than a text. Pure; never a reason to refuse it. */
import { shellWord } from "../../../words/shell-word.ts";
import { formatPath, type Path, show } from "../../problem.ts";
import type { JobSpec } from "../../schema/job-schema.ts";
import type { Finding } from "../explain.ts";

/** Not ";", which ends "-exec" of find. */
const OPERATORS = /^(\d?>{1,2}(&\d)?|&>{1,2}|<|\|{1,2}|&{1,2})$/;
/** Where a path or a value begins. Names in small letters are other languages' own, as those of Hydra. */
const VARIABLE = /(^|[=:/])\$(\{[A-Z_][A-Z0-9_]*\}|[A-Z_][A-Z0-9_]*)/;
/** What follows is a program's text: bash -c, python -c. */
const TEXT_FOLLOWS = /^-\w*c$/;

/** The first such word alone: what to write is said of the command as a whole. */
export function forAShell({ command }: JobSpec, path: Path): Finding[] {
  const text = command.findIndex((word) => TEXT_FOLLOWS.test(word));
  const words = text === -1 ? command : command.slice(0, text);
  const at = words.findIndex((word) => isForAShell(word));
  if (at === -1) return [];
  const here = [...path, "command", at];
  const line = command.map((word) => (isForAShell(word) ? word : shellWord(word))).join(" ");
  const sentence = `is passed on as it is, since no shell reads it, got ${show(command[at])}. Write ${JSON.stringify(["bash", "-c", line])} if a shell is to.`;
  return [{ path: here, message: `${formatPath(here)} ${sentence}` }];
}

const isForAShell = (word: string): boolean =>
  OPERATORS.test(word) || (VARIABLE.test(word) && !/\s/.test(word));
