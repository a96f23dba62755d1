/**
 * Starts one supervisor and holds its locks until it has ended. The order matters: nothing is opened before the
 * locks are held, and none is released before the jobs are left safe. Decides nothing.
 */
import { projectName, USER } from "../config/project.ts";
import type { Config } from "../config/schema/schema.ts";
import { isGone } from "../files/is-there.ts";
import { prepareStateDirectory } from "../files/state-directory.ts";
import { lockFolders, socketPath } from "../files/state-paths.ts";
import { holdLock, holdStateDirectory } from "../record/database/lock.ts";
import { createJournal } from "../record/journal.ts";
import { lastProjectOf } from "../record/last-project.ts";
import { Refusal } from "../refusal.ts";
import { refuseSecond } from "./refuse-second.ts";
import { type SupervisorOptions, SupervisorProcess } from "./supervisor-process.ts";

/**
 * Runs until SIGINT, SIGTERM or a `stop` request; resolves with a sentence that says what isn't recorded, or null. Rejects with Refusal when it can't start (another
 * supervisor holds the database, the state directory belongs to another user), and with the bug when a
 * tick or an answer threw; the jobs keep running then.
 */
export async function runSupervisor(config: Config, options: SupervisorOptions = {}): Promise<string | null> {
  prepareStateDirectory(config.stateDirectory);
  const socket = socketPath(config.stateDirectory);
  const note = { config: config.file, socket };
  const locks = [holdStateDirectory(config.stateDirectory, lockFolders(), note)];
  try {
    locks.push(holdLock(config.database, note));
    if (options.adopt !== true) refuseAnothers(config);
    await refuseSecond(config.stateDirectory, socket);
    const journal = createJournal(config.database, { retention: config.retention });
    try {
      return await new SupervisorProcess(config, journal, locks, options).run(socket);
    } finally {
      journal.close();
    }
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Its jobs would become ours by their names alone. */
function refuseAnothers({ database, project }: Config): void {
  const last = lastProjectOf(database);
  if (last === null || last === project) return;
  const gone = last !== USER && isGone(last) ? " (which is no longer there)" : "";
  throw new Refusal(
    `The database ${database} holds the jobs of ${projectName(last)}${gone}, not of ${projectName(project)}. ` +
      `Set "stateDirectory" to one of its own, or take them over with their checkpoints: supervisor start --adopt`,
  );
}
