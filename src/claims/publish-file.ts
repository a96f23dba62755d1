/**
 * Publishes small files in a folder that every user of the machine may write to, where any existing name
 * may be a trap. Never throws, follows no link, and never changes another user's file.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { wallMs } from "../clock.ts";

const FOR_ALL = 0o1777;
const READABLE = 0o644;

export interface PublishedFile {
  path: string;
  inode: bigint;
}

/** In the first folder where it works; readable by all, and replaced atomically. Else the last folder's reason. */
export function publishFile(
  name: string,
  text: string,
  directories: string[],
): PublishedFile | { reason: string } {
  let reason: string | null = null;
  for (const directory of directories) {
    reason = prepare(directory);
    if (reason !== null) continue;
    const path = join(directory, name);
    const fresh = join(directory, `.${name}.${randomBytes(6).toString("hex")}`);
    try {
      // Exclusively: another user may have set a trap under this name.
      writeFileSync(fresh, text, { flag: "wx", mode: READABLE });
      chmodSync(fresh, READABLE);
      const inode = lstatSync(fresh, { bigint: true }).ino;
      renameSync(fresh, path);
      return { path, inode };
    } catch (error) {
      reason = (error as Error).message;
      // Another user's file may have the name: each try would leave a temporary file behind.
      rmSync(fresh, { force: true });
    }
  }
  return { reason: reason ?? "no folder is configured" };
}

/** Sets its mtime to now, for tmp cleaners. False when that file is gone. */
export function touch({ path, inode }: PublishedFile): boolean {
  try {
    const found = lstatSync(path, { bigint: true });
    // The inode number alone may have been reused.
    if (found.ino !== inode || !found.isFile() || found.uid !== BigInt(process.getuid?.() ?? 0)) return false;
    const now = new Date(wallMs());
    lutimesSync(path, now, now);
    return true;
  } catch {
    return false;
  }
}

/** Makes a folder where all may write and none may remove others' files. Null, or the reason why there is none. */
function prepare(directory: string): string | null {
  try {
    try {
      mkdirSync(directory);
      // mkdir's umask would drop the others' rights.
      chmodSync(directory, FOR_ALL);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    return lstatSync(directory).isDirectory() ? null : `${directory} is not a folder`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Removes our own user's file; false for another's, and for what isn't a file. `is` may tell that it is the one that is meant. */
export function removeOwn(path: string, is: (stat: Stats) => boolean = () => true): boolean {
  try {
    const stat = lstatSync(path);
    if (stat.isDirectory() || stat.uid !== (process.getuid?.() ?? 0) || !is(stat)) return false;
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}
