/** Prints the problems and warnings of a loaded config. */

import { relative } from "node:path";
import type { Loaded } from "../config/load.ts";
import { formatProblem, type Problem } from "../config/problem.ts";
import { plural } from "../words/list.ts";
import { say } from "./print.ts";

/** On stderr, one per line, with the shortest file name that works from here. */
export function tellProblems(loaded: Loaded): void {
  const found: [string, Problem[]][] = loaded.ok ? [["warning: ", loaded.warnings]] : [["", loaded.problems]];
  for (const [mark, problems] of found) {
    for (const problem of problems) {
      const near = problem.file === null ? null : relative(process.cwd(), problem.file);
      const file = near?.startsWith("..") ? problem.file : near;
      say(formatProblem({ ...problem, file, message: `${mark}${problem.message}` }));
    }
  }
  if (!loaded.ok) say(`${plural(loaded.problems.length, "problem")}.`);
}
