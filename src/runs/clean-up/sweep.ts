/**
 * Removes what past runs left behind untidied, for instance when the supervisor was killed and its
 * database set aside. Never touches a known run, nor one that still has a process.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { exitRecord } from "../../files/state-paths.ts";
import { refusing } from "../../refusal.ts";
import { processesOf } from "../../sense/owners/run-processes.ts";
import { type RunRecord, readRunRecord } from "../launch/run-record.ts";
import { asLiveRun, look, newlyFollowed } from "../observe/follow.ts";
import { readExit } from "../observe/launcher-records.ts";
import { tidy } from "./tidy.ts";

/** A live run that the database doesn't know; `record` says what it is, or null when it can't be read. */
export interface Stranger {
  id: string;
  record: RunRecord | null;
}

/**
 * Resolves with the live runs that aren't in `known` (run ids). What can't be removed now stays until
 * the next start. Rejects with a Refusal where the runs can't be listed.
 */
export async function sweep(stateDirectory: string, known: ReadonlySet<string>): Promise<Stranger[]> {
  const left: Stranger[] = [];
  const runs = join(stateDirectory, "runs");
  for (const id of refusing(`${runs} can't be read`, () => readdirSync(runs))) {
    if (known.has(id)) continue;
    const record = readRunRecord(stateDirectory, id);
    // Its processes are on other machines: only its own record tells of its end.
    if (record?.run.slurm !== undefined && readExit(exitRecord(stateDirectory, id)) === null) {
      left.push({ id, record });
      continue;
    }
    const run = newlyFollowed(id, id, stateDirectory);
    const { launcherAlive } = look(run);
    if (launcherAlive || run.mainAlive || processesOf(asLiveRun(run), { scan: true }).length > 0)
      left.push({ id, record });
    else await tidy(run);
  }
  return left;
}
