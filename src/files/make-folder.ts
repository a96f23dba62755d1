/**
 * Makes a folder with those above it. Node's own recursive mkdir never returns where a file system lets
 * nobody make folders, as below /proc.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Like `mkdir -p`, every new one with `mode`. Throws what the system throws. */
export function makeFolder(path: string, mode = 0o700): void {
  const folder = resolve(path);
  if (isFolder(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder), mode);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    // Another process may have made it first.
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
