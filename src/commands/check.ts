/** `check [FILE]`: every problem of a config at once, and doubts about it; starts nothing. */
import { relative } from "node:path";
import { findConfig } from "../config/find.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import { formatProblem, type Problem } from "../config/problem.ts";
import type { Options } from "./connect.ts";
import { print, printJson, say } from "./print.ts";

export async function check(file: string | undefined, options: Options): Promise<number> {
  const path = findConfig(file ?? options.config);
  const loaded = loadConfig(path);
  if (options.json) {
    printJson({ file: path, problems: [], warnings: [], ...loaded });
    return loaded.ok ? 0 : 2;
  }
  tell(loaded);
  if (loaded.ok) print(summary(loaded, path));
  return loaded.ok ? 0 : 2;
}

/** Problems and warnings on stderr, one per line, with a file name as short as it may be. */
export function tell(loaded: Loaded): void {
  const found: [string, Problem[]][] = loaded.ok ? [["warning: ", loaded.warnings]] : [["", loaded.problems]];
  for (const [mark, problems] of found) {
    for (const problem of problems) {
      const near = problem.file === null ? null : relative(process.cwd(), problem.file);
      const file = near?.startsWith("..") ? problem.file : near;
      say(formatProblem({ ...problem, file, message: `${mark}${problem.message}` }));
    }
  }
  if (!loaded.ok) say(`${loaded.problems.length} ${loaded.problems.length === 1 ? "problem" : "problems"}.`);
}

function summary(loaded: Loaded & { ok: true }, path: string | null): string {
  const { jobs, rules, windows } = loaded.config;
  const counts = [number(jobs.length, "job"), number(rules.length, "rule"), number(windows.length, "window")];
  const notes = loaded.warnings.length === 0 ? "" : `, ${number(loaded.warnings.length, "warning")}`;
  if (path === null)
    return `There is no config file, so the built-in defaults hold: ${counts.join(", ")}. Write one: supervisor init`;
  return `${relative(process.cwd(), path)} is valid: ${counts.join(", ")}${notes}.`;
}

const number = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
