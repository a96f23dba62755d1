/**
 * Whether what can't be read lies in a folder that another user keeps shut: no run of ours has written there, and nobody
 * knows when it is opened, so no job of ours waits for it.
 */
import { opendirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "../../../contract/system-code.ts";

/** False also where the system doesn't say. */
export function isAnothers(path: string): boolean {
  try {
    return statSync(path).uid !== process.geteuid?.() && isShut(path);
  } catch (error) {
    return isDenied(error) && dirname(path) !== path && isAnothers(dirname(path));
  }
}

function isShut(folder: string): boolean {
  try {
    opendirSync(folder).closeSync();
    return false;
  } catch (error) {
    return isDenied(error);
  }
}

const isDenied = (error: unknown): boolean => systemCode(error) === "EACCES";
