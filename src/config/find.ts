/** Finds the config file to use. Read-only. */
import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { homeFolder } from "../files/home.ts";

export const CONFIG_NAME = "supervisor.config.json";

/**
 * `asked` (from `--config`), else `./supervisor.config.json`, else the one in
 * `~/.config/gpu-job-supervisor/`; null if there is none: the built-in defaults apply.
 */
export function findConfig(asked: string | undefined, env: NodeJS.ProcessEnv = process.env): string | null {
  if (asked !== undefined) return resolve(asked);
  return [resolve(CONFIG_NAME), userConfig(env)].find((path) => path !== null && existsSync(path)) ?? null;
}

/** Where the user's own config is, if there is one; null for a user without a home. */
export function userConfig(env: NodeJS.ProcessEnv = process.env): string | null {
  const xdg = env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : null;
  const home = homeFolder(env);
  const folder = xdg ?? (home === null ? null : join(home, ".config"));
  return folder === null ? null : join(folder, "gpu-job-supervisor", CONFIG_NAME);
}
