/** How a run ended, in words. Never decides anything. */
import type { Exit } from "../../model/seen.ts";

/** "exit code 1", "signal SIGKILL", and what a shell means by 126 and 127. */
export function exitText(exit: Exit): string {
  if (!exit.known) return "an unknown exit (its record is missing)";
  if (exit.removed) return `the removal of its container by somebody else (exit code ${exit.code})`;
  if (exit.signal !== null) return `signal ${exit.signal}`;
  if (exit.code === 127) return "exit code 127: command not found";
  if (exit.code === 126) return "exit code 126: not executable";
  return `exit code ${exit.code}`;
}

/** " It wrote last: “…”", to follow a sentence; empty where it wrote nothing. */
export const wroteLast = (lastWords: string | undefined): string =>
  lastWords === undefined ? "" : ` It wrote last: “${lastWords}”.`;
