/**
 * Whose a supervisor, a state directory or a checkpoint is. A project is one config file by its real
 * path, so that no two of them share a job only because they gave it the same name.
 */
import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { homeFolder } from "../files/home.ts";
import { CONFIG_NAME, userConfig } from "./find.ts";

/** The user's own supervisor: without a config file, or with the one in `~/.config/gpu-job-supervisor/`. */
export const USER = "user";

/** The real path of `file`, or `USER`. Never throws. */
export function projectOf(file: string | null, env: NodeJS.ProcessEnv = process.env): string {
  if (file === null) return USER;
  const path = realPath(file);
  const own = userConfig(env);
  return own !== null && path === realPath(own) ? USER : path;
}

/** Resolves the links of its folder where the file itself is gone: an edit may be replacing it. */
function realPath(file: string): string {
  for (const [known, rest] of [
    [resolve(file), ""],
    [dirname(resolve(file)), basename(file)],
  ] as const) {
    try {
      return join(realpathSync(known), rest);
    } catch {
      // Not there.
    }
  }
  return resolve(file);
}

/** `~/tts/train.py` for a path in the home directory. */
export function tilde(path: string): string {
  const home = homeFolder();
  return home !== null && (path === home || path.startsWith(`${home}/`))
    ? `~${path.slice(home.length)}`
    : path;
}

/** The folder of a config of the usual name, the file otherwise; null for the user's own. */
export function placeOfProject(project: string): string | null {
  if (project === USER) return null;
  return tilde(basename(project) === CONFIG_NAME ? dirname(project) : project);
}

/** For a list or a sentence: `~/tts`, or `your own jobs`. */
export const projectName = (project: string): string => placeOfProject(project) ?? "your own jobs";
