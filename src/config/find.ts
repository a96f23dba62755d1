/** Finds the config file to use. Read-only. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

export const CONFIG_NAME = "supervisor.config.json";

/**
 * `asked` (from `--config`), else `./supervisor.config.json`, else the one in
 * `~/.config/gpu-job-supervisor/`; null if there is none: the built-in defaults apply.
 */
export function findConfig(asked: string | undefined, env: NodeJS.ProcessEnv = process.env): string | null {
  if (asked !== undefined) return resolve(asked);
  return [resolve(CONFIG_NAME), userConfig(env)].find((path) => existsSync(path)) ?? null;
}

/** Where the user's own config is, if there is one. */
export function userConfig(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env.XDG_CONFIG_HOME && isAbsolute(env.XDG_CONFIG_HOME) ? env.XDG_CONFIG_HOME : null;
  return join(xdg ?? join(homedir(), ".config"), "gpu-job-supervisor", CONFIG_NAME);
}
