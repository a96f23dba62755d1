/** Finds the config file to use. Read-only. */
import { statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { systemCode } from "../contract/system-code.ts";
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
  return places.find((path) => path !== null && !isShutAway(path) && isThere(path)) ?? null;
}

/** Behind somebody else's folder that lets this user look at nothing in it, as after `sudo -u` in /root: no config of theirs. */
function isShutAway(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return systemCode(error) === "EACCES" && !isOwn(dirname(path));
  }
}

/** Whose it is, or whose the folder is that keeps it from being looked at. */
function isOwn(folder: string): boolean {
  try {
    return statSync(folder).uid === process.geteuid?.();
  } catch (error) {
    return systemCode(error) !== "EACCES" || isOwn(dirname(folder));
  }
}

/** Where the user's own config is, if there is one; null for a user without a home. */
export function userConfig(env: NodeJS.ProcessEnv = process.env): string | null {
  const xdg = env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : null;
  const home = homeFolder(env);
  const folder = xdg ?? (home === null ? null : join(home, ".config"));
  return folder === null ? null : join(folder, "gpu-job-supervisor", CONFIG_NAME);
}
