/**
 * Reads what this machine's supervisors publish about their jobs: which ones run, and which GPUs they hold
 * or wait for. Reads only, never throws.
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { wallMs } from "../clock.ts";
import { claimDirectories } from "../files/state-paths.ts";
import type { Claim } from "../model/machine.ts";
import { CLAIM_SUFFIX, readClaim } from "./claim-file.ts";

/** Far more than a machine needs; any further files are ignored. */
const MOST_FILES = 1000;

/** Returns a reader that remembers files that can never count again, and skips them while unchanged. */
export function watchClaims(supervisor: string, directories: string[] = claimDirectories()): () => Claim[] {
  let dead: DeadFiles = new Map();
  return () => {
    const found = readAll(supervisor, directories, dead);
    dead = found.dead;
    return found.claims;
  };
}

/** Claims of all supervisors except `supervisor`, in line order. */
export const readClaims = (supervisor: string, directories: string[] = claimDirectories()): Claim[] =>
  readAll(supervisor, directories, new Map()).claims;

/** Our own user's claim files whose processes have ended and that no supervisor has refreshed for `unrefreshedMs`. */
export function abandonedClaims(directory: string, unrefreshedMs: number): string[] {
  const uid = process.getuid?.() ?? 0;
  return namesIn(directory).flatMap((name) => {
    const path = join(directory, name);
    const stat = statOf(path);
    if (!stat?.isFile() || stat.uid !== uid || wallMs() - stat.mtimeMs < unrefreshedMs) return [];
    return readClaim(path, "") === "ended" ? [path] : [];
  });
}

/** Files that can never count again: their stamps by path, since another file may get the name. */
type DeadFiles = Map<string, string>;

function readAll(
  supervisor: string,
  directories: string[],
  known: DeadFiles,
): { claims: Claim[]; dead: DeadFiles } {
  const found = new Map<string, Claim>();
  const dead: DeadFiles = new Map();
  for (const directory of directories) {
    for (const name of namesIn(directory)) {
      // Skips our own by name: there may be a hundred.
      if (name.startsWith(`${supervisor}-`)) continue;
      const path = join(directory, name);
      const stat = statOf(path);
      if (stat === null) continue;
      const stamp = `${stat.ino} ${stat.ctimeMs}`;
      const claim = known.get(path) === stamp ? "ended" : readClaim(path, supervisor);
      if (claim === "ended" || claim === "not one") dead.set(path, stamp);
      else if (claim !== null && !found.has(`${claim.uid} ${claim.id}`))
        found.set(`${claim.uid} ${claim.id}`, claim);
    }
  }
  const claims = [...found.values()].sort((a, b) => a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1));
  return { claims, dead };
}

const statOf = (path: string): Stats | null => {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
};

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(CLAIM_SUFFIX) && !name.startsWith("."))
      .slice(0, MOST_FILES);
  } catch {
    return [];
  }
}
