/** `check [FILE]`: prints every problem of a config at once, and warnings, and what servers are asked. Starts nothing. */

import { relative } from "node:path";
import { findConfig } from "../../../config/find.ts";
import { type Loaded, loadConfig } from "../../../config/load.ts";
import type { ServerCalls } from "../../../config/schema/server-schema.ts";
import { plural } from "../../../words/list.ts";
import { print, printJson } from "../../print.ts";
import type { Options } from "../../supervisors/connect.ts";
import { tellProblems } from "../../tell-problems.ts";

export async function check(file: string | undefined, options: Options): Promise<number> {
  const path = findConfig(file ?? options.config);
  const loaded = loadConfig(path);
  if (options.json) {
    printJson({ file: path, problems: [], warnings: [], ...loaded });
    return loaded.ok ? 0 : 2;
  }
  tellProblems(loaded);
  if (!loaded.ok) return 2;
  for (const { name, pause } of loaded.config.jobs)
    if (pause.calls !== undefined)
      print(`${name}: its server is asked as follows\n${callsText(pause.calls)}`);
  print(summary(loaded, path));
  return 0;
}

/** The keys of `pause`, one a line, as a person could write them. */
const callsText = (calls: ServerCalls): string =>
  Object.entries(calls)
    .map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(",\n");

function summary(loaded: Loaded & { ok: true }, path: string | null): string {
  const { jobs, rules, windows } = loaded.config;
  const counts = [plural(jobs.length, "job"), plural(rules.length, "rule"), plural(windows.length, "window")];
  const notes = loaded.warnings.length === 0 ? "" : `, ${plural(loaded.warnings.length, "warning")}`;
  if (path === null)
    return `There is no config file, so the built-in defaults apply: ${counts.join(", ")}. Write one: supervisor init`;
  return `${relative(process.cwd(), path)} is valid: ${counts.join(", ")}${notes}.`;
}
