/** Prints the problems and warnings of a loaded config. */

import { relative } from "node:path";
import type { Loaded } from "../config/load.ts";
import { formatProblem, type Problem } from "../config/problem.ts";
import { plural } from "../words/list.ts";
import { say } from "./print.ts";

/** On stderr, one per line, with the shortest file name that works from here. */
export function tellProblems(loaded: Loaded): void {
  if (loaded.ok) {
    tellWarnings(loaded.warnings);
    return;
  }
  tell(loaded.problems, "");
  say(`${plural(loaded.problems.length, "problem")}.`);
}

/** The same, of a config that is valid. */
export const tellWarnings = (warnings: Problem[]): void => tell(warnings, "warning: ");

function tell(problems: Problem[], mark: string): void {
  for (const problem of problems) {
    const near = problem.file === null ? null : relative(process.cwd(), problem.file);
    const file = near?.startsWith("..") ? problem.file : near;
    say(formatProblem({ ...problem, file, message: `${mark}${problem.message}` }));
  }
}
