/** The size and age of what a pattern matched: of a file, or of all files in a folder, also behind links. */
import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { extname, join } from "node:path";
import { isAbsent } from "../../../contract/system-code.ts";

/** A folder of more is measured by its first ones, so that a link to a data set can't hold up a tick. */
const MOST_FILES = 5000;

export interface Measured {
  bytes: number;
  /** Of the files: a folder's own time changes with whatever is removed from it. */
  newestMs: number;
  /** `bytes: null` for a link that leads nowhere. */
  files: { path: string; bytes: number | null }[];
}

/** Null for what isn't there, changes this very moment, or holds no file. "unread": it can't be read now. */
export function measure(path: string): Measured | "unread" | null {
  const all: Measured = { bytes: 0, newestMs: 0, files: [] };
  try {
    add(path, statSync(path), all, []);
    return all.files.length === 0 ? null : all;
  } catch (error) {
    return isAbsent(error) ? null : "unread";
  }
}

function add(path: string, stat: Stats, all: Measured, inside: readonly string[]): void {
  if (stat.isFile()) {
    all.bytes += stat.size;
    all.newestMs = Math.max(all.newestMs, stat.mtimeMs);
    all.files.push({ path, bytes: stat.size });
    return;
  }
  const folder = `${stat.dev} ${stat.ino}`;
  if (!stat.isDirectory() || inside.includes(folder)) return;
  for (const name of readdirSync(path)) {
    if (all.files.length >= MOST_FILES) return;
    const inner = join(path, name);
    const target = statSync(inner, { throwIfNoEntry: false });
    if (target !== undefined) add(inner, target, all, [...inside, folder]);
    else if (lstatSync(inner).isSymbolicLink()) all.files.push({ path: inner, bytes: null });
  }
}

/**
 * What a link stands for now, since `latest` will be another one later. The link itself where its target has
 * another ending: programs tell formats by it.
 */
export function targetOf(path: string): string {
  try {
    if (!lstatSync(path).isSymbolicLink()) return path;
    const target = realpathSync(path);
    return extname(target) === extname(path) ? target : path;
  } catch {
    return path;
  }
}
