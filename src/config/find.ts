/** Finds the config file to use. Read-only. */
import { statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { isShutAway } from "../files/anothers.ts";
import { homeFolder } from "../files/home.ts";
import { isThere } from "../files/is-there.ts";
import { runningFor } from "../files/supervisors.ts";

export const CONFIG_NAME = "supervisor.config.json";

/**
 * `asked` (from `--config`; of a folder, the one in it), else `./supervisor.config.json`, also where it is gone while
 * its supervisor runs, else the one in `~/.config/gpu-job-supervisor/`; null if there is none: the built-in defaults
 * apply. Throws Refusal where the disk doesn't tell whether one is there: the next one is another supervisor's.
 */
export function findConfig(asked: string | undefined, env: NodeJS.ProcessEnv = process.env): string | null {
  if (asked !== undefined) return configAt(asked);
  // As after `sudo -u` in /root: what lies behind somebody else's shut folder is no config of this user's.
  const isOwn = (path: string): boolean => !isShutAway(path) && isThere(path);
  const [here, own] = [resolve(CONFIG_NAME), userConfig(env)];
  if (isOwn(here) || runningFor(here) !== null) return here;
  return own !== null && isOwn(own) ? own : null;
}

/** Absolute: `path`, or the config in it where it is a folder. Never throws. */
export function configAt(path: string): string {
  try {
    return statSync(path).isDirectory() ? resolve(path, CONFIG_NAME) : resolve(path);
  } catch {
    // Not there, or out of reach: whoever reads it says so.
    return resolve(path);
  }
}

/** Where the user's own config is, if there is one; null for a user without a home. */
export function userConfig(env: NodeJS.ProcessEnv = process.env): string | null {
  const xdg = env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : null;
  const home = homeFolder(env);
  const folder = xdg ?? (home === null ? null : join(home, ".config"));
  return folder === null ? null : join(folder, "gpu-job-supervisor", CONFIG_NAME);
}
