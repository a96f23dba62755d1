/** The places and programs that a supervisor looks at again while it runs, in the order in which one needs another. */
import { elapsedMs } from "../../clock.ts";
import type { Config } from "../../config/schema/schema.ts";
import type { ControlServer } from "../../control/serve.ts";
import type { Looked } from "../../files/file-identity.ts";
import { watchStateDirectory } from "../../files/state-directory.ts";
import { lastSupervisorOf, recordSupervisor } from "../../files/supervisors.ts";
import type { Lock } from "../../record/database/lock.ts";
import type { RecordJournal } from "../../record/journal.ts";
import { Unreaped } from "../../sense/proc/unreaped.ts";
import { Helper } from "../../spawn/helper.ts";
import type { Assembled } from "../assemble.ts";
import type { Look } from "./own-places.ts";
import { restoreRuns } from "./remake-run-files.ts";

/** For looks that cost more than an lstat, or need time between two. */
const SELDOM_MS = 20_000;

export interface Places {
  /** As it was when the supervisor started: its places don't change. */
  config: Pick<Config, "project" | "stateDirectory">;
  locks: Lock[];
  journal: RecordJournal;
  /** Null before it serves. */
  server: () => ControlServer | null;
  parts: Pick<Assembled, "supervisor" | "runs">;
}

export function looks({ config, locks, journal, server, parts }: Places): Look[] {
  const { project, stateDirectory } = config;
  const zombies = new Unreaped();
  return [
    watchStateDirectory(stateDirectory),
    ...locks.map((lock) => () => lock.look()),
    () => server()?.look() ?? [],
    () => journal.look(),
    () => restoreRuns(Object.values(parts.supervisor.world.jobs), parts.runs),
    () => Helper.look(),
    seldom(() => {
      if (lastSupervisorOf(stateDirectory)?.pid !== process.pid) recordSupervisor(project, stateDirectory);
      const problem = zombies.look(process.pid);
      return problem === null ? "as it was" : { problem };
    }),
  ];
}

/** Gives the answer of the last look in between. */
function seldom(look: () => Looked): Look {
  let last: Looked = "as it was";
  let nextMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (elapsedMs() < nextMs) return last;
    nextMs = elapsedMs() + SELDOM_MS;
    last = look();
    return last;
  };
}
