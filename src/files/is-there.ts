/** For whoever tells a user that a file isn't there: one that can't be looked at may be. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { isAbsent, systemCode } from "../contract/system-code.ts";
import { Refusal } from "../refusal.ts";

/** False also where the system doesn't say. */
export function isGone(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return isAbsent(error);
  }
}

/** Throws Refusal where the system doesn't say. */
export function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    const code = systemCode(error);
    if (code === null) throw error;
    throw new Refusal(
      `Whether ${path} is there can't be told (${code}): look at the rights and the disk of ${dirname(path)}.`,
    );
  }
}
