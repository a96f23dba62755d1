/**
 * Reads what supervisors of this machine tell of their jobs: which run, which GPUs those hold or wait for.
 * Reads only, never throws.
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { wallMs } from "../clock.ts";
import { claimDirectories } from "../files/state-paths.ts";
import type { Claim } from "../model/machine.ts";
import { CLAIM_SUFFIX, readClaim } from "./claim-file.ts";

/** More than anybody needs; who writes more is not listened to. */
const MOST_FILES = 1000;

/** Reads claims again and again, and those that say nothing any more only once. */
export function watchClaims(supervisor: string, directories: string[] = claimDirectories()): () => Claim[] {
  let dead: DeadFiles = new Map();
  return () => {
    const found = readAll(supervisor, directories, dead);
    dead = found.dead;
    return found.claims;
  };
}

/** Claims of all supervisors but `supervisor`, in the order of the line. */
export const readClaims = (supervisor: string, directories: string[] = claimDirectories()): Claim[] =>
  readAll(supervisor, directories, new Map()).claims;

/** Files of our own user in that folder whose processes have ended, and that no supervisor has made young lately. */
export function abandonedClaims(directory: string, youngMs: number): string[] {
  const uid = process.getuid?.() ?? 0;
  return namesIn(directory).flatMap((name) => {
    const path = join(directory, name);
    const stat = statOf(path);
    if (!stat?.isFile() || stat.uid !== uid || wallMs() - stat.mtimeMs < youngMs) return [];
    return readClaim(path, "") === "ended" ? [path] : [];
  });
}

/** By path: what marks a file that will never say anything, unless it is another one. */
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
      // Our own are told apart by name already: there may be a hundred, and they say nothing new.
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
