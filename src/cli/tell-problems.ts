/** Tells what is wrong or doubtful in a config, for whoever has loaded it. */

import { relative } from "node:path";
import type { Loaded } from "../config/load.ts";
import { formatProblem, type Problem } from "../config/problem.ts";
import { plural } from "../words/list.ts";
import { say } from "./print.ts";

/** Problems and warnings on stderr, one per line, with a file name as short as it may be. */
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
