/**
 * Makes the files of a live run again after somebody has removed them: the job and its launcher go on by
 * the same names, and the next supervisor finds the run. Never for a run whose job may not have begun: the
 * record of its launcher decides who begins it.
 */
import { existsSync, writeFileSync } from "node:fs";
import {
  cgroupRecord,
  containerClientRecord,
  containerIdRecord,
  launcherRecord,
  pidRecord,
  runRecord,
  statusDirectory,
} from "../../files/state-paths.ts";
import { bootId } from "../../sense/proc/boot-id.ts";
import type { KnownProcess } from "../../sense/proc/process.ts";
import { writeRunFiles } from "./launcher-script.ts";
import { type RunRecord, writeRunRecord } from "./run-record.ts";

/** The processes of a run whose job has begun. */
export interface Begun {
  /** Null when it is gone. */
  launcher: KnownProcess | null;
  main: KnownProcess;
  cgroup: string | null;
  /** The client of its engine, and its id there. */
  container?: { client: readonly string[]; id: string };
}

/** Whether a file is missing that a run has as long as it lives. */
export const lacksRecords = (stateDirectory: string, runId: string): boolean =>
  isSwept(stateDirectory, runId) ||
  ![statusDirectory, runRecord].every((place) => existsSync(place(stateDirectory, runId)));

/** The same by one look alone, for every live run again and again: whatever removes files removes the oldest, too. */
export const isSwept = (stateDirectory: string, runId: string): boolean =>
  !existsSync(pidRecord(stateDirectory, runId));

/** Throws what the disk throws. */
export function rewriteRecords(stateDirectory: string, record: RunRecord, begun: Begun): void {
  const { id } = record.run;
  writeRunFiles(stateDirectory, id);
  writeRunRecord(stateDirectory, record);
  const { launcher, main, cgroup, container } = begun;
  if (launcher !== null) write(launcherRecord(stateDirectory, id), identity(launcher));
  if (cgroup !== null) write(cgroupRecord(stateDirectory, id), cgroup);
  if (container) {
    write(containerClientRecord(stateDirectory, id), JSON.stringify(container.client));
    write(containerIdRecord(stateDirectory, id), container.id);
  }
  // The last one: without it the run counts as one that has still to be looked for.
  write(pidRecord(stateDirectory, id), identity(main));
}

/** As the launcher writes it. */
const identity = ({ pid, startTime }: KnownProcess): string => `${pid} ${startTime ?? "-"} ${bootId()}\n`;

const write = (path: string, text: string): void => writeFileSync(path, text, { mode: 0o600 });
