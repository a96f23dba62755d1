/** Who we are and whose home we are in: also without HOME, as under cron, in a container or after `env -i`. Reads only. */
import { userInfo } from "node:os";
import { isAbsolute } from "node:path";
import { misuse } from "../refusal.ts";

/** HOME, else what the system's list of users says; null where neither names an absolute path. */
export function homeFolder(env: NodeJS.ProcessEnv = process.env): string | null {
  if (env.HOME && isAbsolute(env.HOME)) return env.HOME;
  try {
    const { homedir } = userInfo();
    return isAbsolute(homedir) ? homedir : null;
  } catch {
    // A container may run as a uid that is in no list.
    return null;
  }
}

/** Like `homeFolder`, where nothing works without one. Throws Refusal. */
export function mustHaveHome(env: NodeJS.ProcessEnv = process.env): string {
  const home = homeFolder(env);
  if (home !== null) return home;
  throw misuse(
    `You (uid ${process.getuid?.() ?? "?"}) have no home directory: HOME isn't set to an absolute path, and the system's ` +
      `list of users names none. Set HOME, or give a config (--config) that sets "stateDirectory" to an absolute path.`,
  );
}

/** A user may have no name: in a container, or in a directory service that doesn't answer. */
export function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
