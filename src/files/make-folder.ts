/**
 * Makes a folder with those above it. Node's own recursive mkdir never returns where a file system lets
 * nobody make folders, as below /proc.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Like `mkdir -p`, every new one with `mode`. Throws what the system throws. */
export function makeFolder(path: string, mode = 0o700): void {
  const folder = resolve(path);
  const above = dirname(folder);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (isFolder(folder)) return;
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // A folder above that is there isn't what is missing, unless somebody else has just made it: trying again and again
    // would never end.
    if (isFolder(above)) makeOnce(folder, mode);
    else {
      makeFolder(above, mode);
      makeFolder(folder, mode);
    }
  }
}

function makeOnce(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
