/**
 * Removes what runs of the past have left when nobody tidied them: a supervisor that was killed and
 * whose database was put away, for instance. Never touches a run that is known, nor one that has
 * any process left.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { processesOf } from "../../sense/owners/run-processes.ts";
import { type RunRecord, readRunRecord } from "../launch/run-record.ts";
import { asLiveRun, look, newlyFollowed } from "../observe/follow.ts";
import { tidy } from "./tidy.ts";

/** An unknown run that has processes; `record` tells what it is, where that can be read. */
export interface Stranger {
  id: string;
  record: RunRecord | null;
}

/**
 * `known`: ids of runs that somebody still looks after. Resolves with the others that are alive; what
 * can't be removed now stays for the next start.
 */
export async function sweep(stateDirectory: string, known: ReadonlySet<string>): Promise<Stranger[]> {
  const left: Stranger[] = [];
  for (const id of readdirSync(join(stateDirectory, "runs"))) {
    if (known.has(id)) continue;
    const run = newlyFollowed(id, id, stateDirectory);
    const { launcherAlive } = look(run, stateDirectory);
    if (launcherAlive || run.mainAlive || processesOf(asLiveRun(run), { scan: true }).length > 0)
      left.push({ id, record: readRunRecord(stateDirectory, id) });
    else await tidy(run, stateDirectory);
  }
  return left;
}
