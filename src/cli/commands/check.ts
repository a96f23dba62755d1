/** `check [FILE]`: prints every problem of a config at once, and warnings. Starts nothing. */

import { relative } from "node:path";
import { findConfig } from "../../config/find.ts";
import { type Loaded, loadConfig } from "../../config/load.ts";
import { plural } from "../../words/list.ts";
import type { Options } from "../connect.ts";
import { print, printJson } from "../print.ts";
import { tellProblems } from "../tell-problems.ts";

export async function check(file: string | undefined, options: Options): Promise<number> {
  const path = findConfig(file ?? options.config);
  const loaded = loadConfig(path);
  if (options.json) {
    printJson({ file: path, problems: [], warnings: [], ...loaded });
    return loaded.ok ? 0 : 2;
  }
  tellProblems(loaded);
  if (loaded.ok) print(summary(loaded, path));
  return loaded.ok ? 0 : 2;
}

function summary(loaded: Loaded & { ok: true }, path: string | null): string {
  const { jobs, rules, windows } = loaded.config;
  const counts = [plural(jobs.length, "job"), plural(rules.length, "rule"), plural(windows.length, "window")];
  const notes = loaded.warnings.length === 0 ? "" : `, ${plural(loaded.warnings.length, "warning")}`;
  if (path === null)
    return `There is no config file, so the built-in defaults apply: ${counts.join(", ")}. Write one: supervisor init`;
  return `${relative(process.cwd(), path)} is valid: ${counts.join(", ")}${notes}.`;
}
