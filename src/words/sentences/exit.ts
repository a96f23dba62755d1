/** How a run ended, in words. Never decides anything. */
import type { Exit, Seen } from "../../model/seen.ts";
import { shellWord } from "../shell-word.ts";

/**
 * "exit code 1", and what a shell means by 126, 127 and 128 + n: "exit code 137 (SIGKILL)". Whether that signal has ended
 * the program, or it chose the code itself, no shell can tell.
 */
export function exitText(exit: Exit): string {
  if (!exit.known) return "an unknown exit (its record is missing)";
  if (exit.removed) return `the removal of its container by somebody else (exit code ${exit.code})`;
  if (exit.signal !== null) return `exit code ${exit.code} (${exit.signal})`;
  if (exit.code === 127) return "exit code 127: command not found";
  if (exit.code === 126) return "exit code 126: not executable";
  return `exit code ${exit.code}`;
}

/** " It wrote last: “…”." and what that takes to mend, to follow a sentence; empty where it wrote nothing. */
export const wroteLast = ({ lastWords, missingModule }: Pick<Seen, "lastWords" | "missingModule">): string =>
  lastWords === undefined ? "" : ` Its last output: “${lastWords}”.${moduleText(missingModule)}`;

function moduleText(missing: Seen["missingModule"]): string {
  if (missing === undefined) return "";
  const { module, interpreter } = missing;
  if (module.split(".")[0] !== "supervisor_job")
    return interpreter === undefined ? "" : ` It was run by ${interpreter}.`;
  const lacks =
    interpreter === undefined ? "Its interpreter lacks" : `It was run by ${interpreter}, which lacks`;
  const path = interpreter === undefined ? "PATH" : shellWord(interpreter);
  return ` ${lacks} the library: supervisor python --python ${path} prints the line that installs it there.`;
}
