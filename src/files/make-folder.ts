/**
 * Makes a folder with those above it. Node's own recursive mkdir never returns where a file system lets
 * nobody make folders, as below /proc.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Like `mkdir -p`, every new one with `mode`. Throws what the system throws. */
export function makeFolder(path: string, mode = 0o700): void {
  const folder = resolve(path);
  try {
    makeOne(folder, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    // Somebody else may have just made the one above.
    if (!isFolder(dirname(folder))) makeFolder(dirname(folder), mode);
    // Once: trying again and again would never end.
    makeOne(folder, mode);
  }
}

function makeOne(folder: string, mode: number): void {
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
