/**
 * This user's supervisors: each leaves a small record when it starts, so that commands can tell which
 * ones run and which of them they speak to. A record stays when its supervisor ends; only a live process
 * makes it count. Never decides who is alone: the lock does.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAbsent } from "../contract/system-code.ts";
import { isSystemError, Refusal, refusing } from "../refusal.ts";
import { bootId } from "../sense/proc/boot-id.ts";
import { isAlive, readStat } from "../sense/proc/process.ts";
import { isGone } from "./is-there.ts";
import { makeFolder } from "./make-folder.ts";
import { commonStateDirectory, stateName } from "./state-paths.ts";

/** Far more than one user has. */
const MOST_RECORDS = 1000;

export interface SupervisorRecord {
  /** The real path of its config file, or "user". */
  project: string;
  stateDirectory: string;
  pid: number;
  startTime: number | null;
  bootId: string;
}

const folder = (): string => join(commonStateDirectory(), "supervisors");
const recordPath = (stateDirectory: string): string => join(folder(), `${stateName(stateDirectory)}.json`);

/** Records this process as the supervisor of `stateDirectory`. Without a record it only isn't listed: never throws. */
export function recordSupervisor(project: string, stateDirectory: string): void {
  const { pid } = process;
  const startTime = readStat(pid)?.startTime ?? null;
  const record: SupervisorRecord = { project, stateDirectory, pid, startTime, bootId: bootId() };
  try {
    const path = recordPath(stateDirectory);
    const fresh = `${path}.${pid}`;
    makeFolder(folder());
    writeFileSync(fresh, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(fresh, path);
  } catch {
    // No home, no room or no rights; a temporary file is written over by the next try.
  }
}

/** The last supervisor of that state directory, alive or not; null when none has left a record. */
export const lastSupervisorOf = (stateDirectory: string): SupervisorRecord | null =>
  read(() => recordPath(stateDirectory));

/** The supervisor that claims name by `name` (`stateName`), alive or not. */
export const supervisorNamed = (name: string): SupervisorRecord | null =>
  read(() => join(folder(), `${name}.json`));

/** Those of this user's supervisors that are alive now, as far as it can be told. */
export const runningSupervisors = (): SupervisorRecord[] => recordedSupervisors().filter(isRunning);

/** The one of them that runs for `project`; null where none does. */
export const runningFor = (project: string): SupervisorRecord | null =>
  recordedSupervisors().find((one) => one.project === project && isRunning(one)) ?? null;

/** All that are recorded, none where they can't be listed: not for who says that there are none. */
export function recordedSupervisors(): SupervisorRecord[] {
  try {
    return listSupervisors();
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

/**
 * The last supervisor of each of this user's state directories, alive or not. Throws Refusal where they can't be listed.
 * @param unread gets a sentence about each record that can't be read
 */
export function listSupervisors(unread: string[] = []): SupervisorRecord[] {
  const place = folder();
  if (isGone(place)) return [];
  const names = refusing(untold(place), () => readdirSync(place));
  const records = names.filter((name) => name.endsWith(".json")).slice(0, MOST_RECORDS);
  return records
    .flatMap((name) => read(() => join(place, name), unread) ?? [])
    .sort((a, b) => (a.project < b.project ? -1 : 1));
}

const untold = (path: string): string => `Which supervisors you have can't be told: ${path} can't be read`;

export const isRunning = (record: SupervisorRecord): boolean =>
  record.bootId === bootId() && isAlive(record.pid, record.startTime);

function read(path: () => string, unread: string[] = []): SupervisorRecord | null {
  try {
    const record = JSON.parse(readFileSync(path(), "utf8"));
    const texts = [record.project, record.stateDirectory, record.bootId];
    return texts.every((one) => typeof one === "string") && Number.isSafeInteger(record.pid) ? record : null;
  } catch (error) {
    if (isSystemError(error) && !isAbsent(error)) unread.push(`${untold(path())}: ${error.message}`);
    return null;
  }
}
