/**
 * Makes the state directory, private to its owner: it holds the control socket, and whoever can write to
 * it can run commands. Must never use a directory that another user could change.
 */
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { isSystemError, misuse, Refusal, refusing } from "../refusal.ts";
import { identityOf, type Looked } from "./file-identity.ts";
import { makeFolder } from "./make-folder.ts";

const PRIVATE = 0o700;

const foldersOf = (directory: string): string[] =>
  ["", "jobs", "logs", "runs"].map((name) => join(directory, name));

/**
 * Creates `directory` and its first level with mode 0700, and tightens an older one of our own.
 * @throws Refusal when it can't be made, or isn't safely ours
 */
export function prepareStateDirectory(directory: string): void {
  for (const [depth, folder] of foldersOf(directory).entries()) prepare(folder, depth === 0);
}

/** Returns a look at the folders, which must be there: makes those again that were removed or replaced. */
export function watchStateDirectory(directory: string): () => Looked {
  const folders = foldersOf(directory);
  let known = folders.map(identityOf);
  return () => {
    if (folders.every((folder, i) => identityOf(folder) === known[i])) return "as it was";
    const lost = folders.filter((folder, i) => identityOf(folder) !== known[i]);
    try {
      prepareStateDirectory(directory);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { problem: error.message };
    }
    known = folders.map(identityOf);
    return { again: `the folder ${lost[0]}` };
  };
}

function prepare(directory: string, parents: boolean): void {
  try {
    if (parents) makeFolder(directory, PRIVATE);
    else mkdirSync(directory, { mode: PRIVATE });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code !== "EEXIST")
      throw misuse(
        `The state directory ${directory} can't be created: ${error.message}. ` +
          `Set HOME to a folder of yours, or "stateDirectory" in the config to another one.`,
      );
  }
  // lstat, after mkdir: checks what is there now, a link included.
  const stat = lstatSync(directory);
  if (stat.isSymbolicLink())
    throw new Refusal(`The state directory ${directory} is a symbolic link; give the directory itself.`);
  if (!stat.isDirectory()) throw new Refusal(`The state directory ${directory} is not a directory.`);
  const own = process.getuid?.();
  if (own !== undefined && stat.uid !== own)
    throw new Refusal(
      `The state directory ${directory} belongs to user ${stat.uid}, not to you (${own}); choose another "stateDirectory".`,
    );
  if ((stat.mode & 0o077) !== 0)
    refusing(`The state directory ${directory} can't be closed to others`, () =>
      chmodSync(directory, PRIVATE),
    );
}
