/**
 * Whether what can't be looked at is kept from us by another user: nothing of ours lies there, and nobody knows when it
 * is opened, so nothing waits for it.
 */
import { opendirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "../contract/system-code.ts";

/** Behind a folder of another user that lets us look at nothing in it. False also where the system doesn't say. */
export const isShutAway = (path: string): boolean => isKept(path, statSync);

/** The same, or itself a folder of another user that we may not list. */
export const isUnlisted = (path: string): boolean =>
  isKept(path, (folder) => opendirSync(folder).closeSync());

function isKept(path: string, look: (path: string) => unknown): boolean {
  try {
    look(path);
    return false;
  } catch (error) {
    return isDenied(error) && !isOwn(path);
  }
}

/** Whose it is, or whose the folder is that keeps it from being looked at; `path`: absolute. */
function isOwn(path: string): boolean {
  try {
    return statSync(path).uid === process.geteuid?.();
  } catch (error) {
    return !isDenied(error) || isOwn(dirname(path));
  }
}

const isDenied = (error: unknown): boolean => systemCode(error) === "EACCES";
