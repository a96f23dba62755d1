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

/** Files of one user that are read: far more than a user needs. Others' files take nobody's place. */
const MOST_FILES_OF_A_USER = 1000;
/** New names that one look of a watch examines, so that a user who makes very many stalls no tick. */
const MOST_NEW_NAMES = 2000;

/** Returns a reader that remembers files that can never count again, and skips them while unchanged. */
export function watchClaims(supervisor: string, directories: string[] = claimDirectories()): () => Claim[] {
  let memory: Memory = NOTHING;
  return () => {
    const found = readAll(supervisor, directories, { memory, newNames: MOST_NEW_NAMES });
    memory = found.memory;
    return found.claims;
  };
}

/** Claims of all supervisors except `supervisor`, in line order. */
export const readClaims = (supervisor: string, directories: string[] = claimDirectories()): Claim[] =>
  readAll(supervisor, directories, { memory: NOTHING, newNames: Number.POSITIVE_INFINITY }).claims;

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

/** What a look remembers of the files that it found, by path. */
interface Memory {
  /** Examined and within its owner's number. */
  known: ReadonlySet<string>;
  /** Beyond its owner's number. */
  crowd: ReadonlySet<string>;
  /** Can never count again: its stamp, since another file may get the name. */
  dead: ReadonlyMap<string, string>;
}

const NOTHING: Memory = { known: new Set(), crowd: new Set(), dead: new Map() };

function readAll(
  supervisor: string,
  directories: string[],
  { memory, newNames }: { memory: Memory; newNames: number },
): { claims: Claim[]; memory: Memory } {
  const found = new Map<string, Claim>();
  const known = new Set<string>();
  const crowd = new Set<string>();
  const dead = new Map<string, string>();
  const files = new Map<number, number>();
  let left = newNames;
  for (const path of pathsIn(directories, supervisor)) {
    if (memory.crowd.has(path)) {
      crowd.add(path);
      continue;
    }
    if (!memory.known.has(path) && left-- <= 0) continue;
    const stat = statOf(path);
    if (stat === null) continue;
    // Only the file itself tells whose it is: any user may write any name.
    const before = files.get(stat.uid) ?? 0;
    if (before === MOST_FILES_OF_A_USER) {
      crowd.add(path);
      continue;
    }
    files.set(stat.uid, before + 1);
    known.add(path);
    const stamp = `${stat.ino} ${stat.ctimeMs}`;
    const claim = memory.dead.get(path) === stamp ? "ended" : readClaim(path, supervisor);
    if (claim === "ended" || claim === "not one") dead.set(path, stamp);
    else if (claim !== null && !found.has(`${claim.uid} ${claim.id}`))
      found.set(`${claim.uid} ${claim.id}`, claim);
  }
  const claims = [...found.values()].sort((a, b) => a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1));
  return { claims, memory: { known, crowd, dead } };
}

/** Without our own, told by their names: there may be a hundred. */
const pathsIn = (directories: string[], supervisor: string): string[] =>
  directories.flatMap((directory) =>
    namesIn(directory).flatMap((name) => (name.startsWith(`${supervisor}-`) ? [] : [join(directory, name)])),
  );

const statOf = (path: string): Stats | null => {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
};

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(CLAIM_SUFFIX) && !name.startsWith("."));
  } catch {
    return [];
  }
}
