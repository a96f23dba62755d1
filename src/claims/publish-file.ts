/**
 * Small files in a folder that all users of the machine may write into, where everything that others have laid
 * out may be a trap. Never throws, follows no link, and never changes a file of somebody else.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, lstatSync, lutimesSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { wallMs } from "../clock.ts";

const FOR_ALL = 0o1777;
const READABLE = 0o644;

export interface PlacedFile {
  path: string;
  inode: bigint;
}

/** In the first of the folders where that works; readable by all, and whole at every moment. */
export function place(
  name: string,
  text: string,
  directories: string[],
): { file: PlacedFile | null; problem: string | null } {
  let problem: string | null = null;
  for (const directory of directories) {
    problem = prepare(directory);
    if (problem !== null) continue;
    const path = join(directory, name);
    const fresh = join(directory, `.${name}.${randomBytes(6).toString("hex")}`);
    try {
      // Exclusively: a name may have been laid out as a trap.
      writeFileSync(fresh, text, { flag: "wx", mode: READABLE });
      chmodSync(fresh, READABLE);
      const inode = lstatSync(fresh, { bigint: true }).ino;
      renameSync(fresh, path);
      return { file: { path, inode }, problem: null };
    } catch (error) {
      problem = (error as Error).message;
      // Somebody else's file has its name: without this each try would leave another one.
      rmSync(fresh, { force: true });
    }
  }
  return { file: null, problem };
}

/** Gives it the present time, which sweepers of temporary folders go by. False when that file isn't there any more. */
export function touch({ path, inode }: PlacedFile): boolean {
  try {
    const found = lstatSync(path, { bigint: true });
    // The number alone may have been given to another one since.
    if (found.ino !== inode || !found.isFile() || found.uid !== BigInt(process.getuid?.() ?? 0)) return false;
    const now = new Date(wallMs());
    lutimesSync(path, now, now);
    return true;
  } catch {
    return false;
  }
}

/** A folder that all may write into and nobody may remove others' files from; null when it is there. */
function prepare(directory: string): string | null {
  try {
    try {
      mkdirSync(directory);
      // The mask of mkdir would take the rights of others.
      chmodSync(directory, FOR_ALL);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    return lstatSync(directory).isDirectory() ? null : `${directory} is not a folder`;
  } catch (error) {
    return (error as Error).message;
  }
}
