/**
 * Whose a job's checkpoints are: a small file beside them names the project, the job and the command that
 * wrote them. State directories are copied, shared and given to other configs; a job must never go on
 * from what another has trained because the two have one name.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { placeOfProject } from "../../config/project.ts";
import { stepOfName } from "../../contract/names.ts";
import { isAbsent } from "../../contract/system-code.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { isSameCommand } from "../../model/job.ts";

export interface Owner {
  /** The real path of the config file, or "user". */
  project: string;
  job: string;
  command: string[];
}

export const OWNER_FILE = "owner.json";

/**
 * Names whose checkpoints are in `directory`, unless they are `owner`'s or there are none. `known`: the
 * database remembers runs of that job, so that a changed command is only its new one, and checkpoints
 * that earlier versions left without a name are its own.
 */
export function anotherOwner(directory: string, owner: Owner, known: boolean): string | null {
  if (!holdsCheckpoints(directory)) return null;
  const found = readOwner(directory);
  if (found === null) return known ? null : "a job that isn't named there";
  const same = found.project === owner.project && found.job === owner.job;
  if (same && (known || isSameCommand(found.command, owner.command))) return null;
  const place = placeOfProject(found.project);
  const command = found.command.join(" ").slice(0, 200);
  return `'${found.job}'${place === null ? "" : ` in ${place}`}${same ? " with another command" : ""} (${command})`;
}

/** Throws what the disk throws. */
export function writeOwner(directory: string, owner: Owner): void {
  const found = readOwner(directory);
  if (
    found?.project === owner.project &&
    found.job === owner.job &&
    isSameCommand(found.command, owner.command)
  )
    return;
  const fresh = join(directory, `.${OWNER_FILE}.${process.pid}`);
  writeFileSync(fresh, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  renameSync(fresh, join(directory, OWNER_FILE));
}

/**
 * Makes `directory`, empty of checkpoints: earlier ones are kept in a directory of another name beside
 * it. Throws what the disk throws, and where it can't be read: it may hold some, and they may only be out of reach now.
 */
export function beginAnew(directory: string): void {
  if (namesIn(directory).some(isCheckpoint)) {
    const beside = readdirSync(dirname(directory));
    let number = 1;
    while (beside.includes(`checkpoints-${number}`)) number++;
    renameSync(directory, join(dirname(directory), `checkpoints-${number}`));
  }
  makeFolder(directory);
}

/** Where `beginAnew` has put earlier checkpoints, the last first; none where that can't be told. */
export function setAside(directory: string): string[] {
  try {
    const numbers = readdirSync(dirname(directory)).flatMap(
      (name) => /^checkpoints-(\d+)$/.exec(name)?.[1] ?? [],
    );
    return numbers.sort((a, b) => Number(b) - Number(a)).map((number) => `${directory}-${number}`);
  } catch {
    return [];
  }
}

/** The last checkpoint of that step that was set aside; null where there is none, or that can't be told. */
export function stepSetAside(directory: string, step: number): string | null {
  for (const folder of setAside(directory)) {
    try {
      const found = namesIn(folder).find((name) => stepOfName(name) === step);
      if (found !== undefined) return join(folder, found);
    } catch {
      // Another may be readable.
    }
  }
  return null;
}

const isCheckpoint = (name: string): boolean => stepOfName(name) !== null;

function holdsCheckpoints(directory: string): boolean {
  try {
    return namesIn(directory).some(isCheckpoint);
  } catch {
    // A run that would begin there says so.
    return false;
  }
}

/** @throws NodeJS.ErrnoException where there is a directory that can't be read */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return [];
  }
}

function readOwner(directory: string): Owner | null {
  try {
    const owner = JSON.parse(readFileSync(join(directory, OWNER_FILE), "utf8"));
    const texts = [owner.project, owner.job, ...owner.command];
    return texts.every((one) => typeof one === "string") ? owner : null;
  } catch {
    return null;
  }
}
