/** Finds the config file to use. Read-only. */
import { isAbsolute, join, resolve } from "node:path";
import { isShutAway } from "../files/anothers.ts";
import { homeFolder } from "../files/home.ts";
import { isThere } from "../files/is-there.ts";

export const CONFIG_NAME = "supervisor.config.json";

/**
 * `asked` (from `--config`), else `./supervisor.config.json`, else the one in
 * `~/.config/gpu-job-supervisor/`; null if there is none: the built-in defaults apply. Throws Refusal where the disk
 * doesn't tell whether one is there: the next one is another supervisor's.
 */
export function findConfig(asked: string | undefined, env: NodeJS.ProcessEnv = process.env): string | null {
  if (asked !== undefined) return resolve(asked);
  const places = [resolve(CONFIG_NAME), userConfig(env)];
  // As after `sudo -u` in /root: what lies behind somebody else's shut folder is no config of this user's.
  return places.find((path) => path !== null && !isShutAway(path) && isThere(path)) ?? null;
}

/** Where the user's own config is, if there is one; null for a user without a home. */
export function userConfig(env: NodeJS.ProcessEnv = process.env): string | null {
  const xdg = env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : null;
  const home = homeFolder(env);
  const folder = xdg ?? (home === null ? null : join(home, ".config"));
  return folder === null ? null : join(folder, "gpu-job-supervisor", CONFIG_NAME);
}
