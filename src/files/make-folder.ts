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
    // A folder above that is there isn't what is missing: trying again would never end.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || isFolder(above)) throw error;
    makeFolder(above, mode);
    makeFolder(folder, mode);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
