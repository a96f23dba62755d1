/** Whose home we are in: also without HOME, as under cron, in a container or after `env -i`. Reads only. */
import { userInfo } from "node:os";
import { isAbsolute } from "node:path";

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
