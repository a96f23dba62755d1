/**
 * Reads what this machine's supervisors publish about their jobs: which ones run, and which GPUs they hold
 * or wait for. Reads only, never throws.
 */
import { lstatSync, type Stats } from "node:fs";
import { basename } from "node:path";
import { elapsedMs, wallMs } from "../clock.ts";
import { claimDirectories } from "../files/state-paths.ts";
import type { Claim } from "../model/machine.ts";
import { type NeverFound, readClaim, stampOf } from "./claim-file.ts";
import { ListedFolders, pathsIn } from "./listed-folders.ts";

/** Files of one user that are read: far more than a user needs. Others' files take nobody's place. */
const MOST_FILES_OF_A_USER = 1000;
/** New names that one look of a watch examines, so that a user who makes very many stalls no tick. */
const MOST_NEW_NAMES = 2000;
/** A claim is replaced, never changed: a file that was changed where it is may be noticed this much later. */
const LOOK_AGAIN_MS = 60_000;

interface Limits {
  newNames?: number;
  /** Told of our own user's file that nobody will use again, nor its name. */
  onAbandoned?: (path: string, stamp: string) => void;
}

/** Returns a reader that remembers files that can never count again, and doesn't touch them while their folder is unchanged. */
export function watchClaims(
  supervisor: string,
  directories: string[] = claimDirectories(),
  limits: Limits = {},
): () => Claim[] {
  const watch = new ClaimWatch(supervisor, directories, { newNames: MOST_NEW_NAMES, ...limits });
  return () => watch.look();
}

/** Claims of all supervisors except `supervisor`, in line order. */
export const readClaims = (supervisor: string, directories: string[] = claimDirectories()): Claim[] =>
  new ClaimWatch(supervisor, directories).look();

/** Our own user's claim files whose processes have ended and that no supervisor has refreshed for `unrefreshedMs`. */
export function abandonedClaims(directory: string, unrefreshedMs: number): string[] {
  const uid = process.getuid?.() ?? 0;
  return pathsIn(directory).filter((path) => {
    const stat = statOf(path);
    if (!stat?.isFile() || stat.uid !== uid || wallMs() - stat.mtimeMs < unrefreshedMs) return false;
    const found = readClaim(path, "");
    return found !== null && "never" in found && found.never !== "no claim";
  });
}

/** A file that can never count again. */
interface Never {
  uid: number;
  /** Another file may get its name, unless `nameToo`: its name is one of its owner's, and is used up. */
  stamp: string;
  nameToo?: true;
  isFile: boolean;
}

/** Reads claims again and again, and remembers what it has found. */
export class ClaimWatch {
  readonly #supervisor: string;
  readonly #folders: ListedFolders;
  readonly #newNames: number;
  readonly #onAbandoned: Limits["onAbandoned"];
  /** Files to read at each look, of which each may count. */
  #open: string[] = [];
  /** By path. */
  #never = new Map<string, Never>();
  /** Files beyond their owner's number. */
  #crowd = new Set<string>();
  /** When the folders' files were last sorted into these; null when some wait to be. */
  #sortedAtMs: number | null = null;

  constructor(
    supervisor: string,
    directories: string[],
    { newNames = Number.POSITIVE_INFINITY, onAbandoned }: Limits = {},
  ) {
    this.#supervisor = supervisor;
    // Our own, told by their names: there may be a hundred.
    this.#folders = new ListedFolders(directories, `${supervisor}-`);
    this.#newNames = newNames;
    this.#onAbandoned = onAbandoned;
  }

  look(): Claim[] {
    const isOld = this.#sortedAtMs === null || elapsedMs() - this.#sortedAtMs >= LOOK_AGAIN_MS;
    // Owners' numbers may have changed, too.
    if (isOld && this.#sortedAtMs !== null) this.#crowd.clear();
    if (this.#folders.look() || isOld) this.#sort({ all: isOld });
    return this.#read();
  }

  /** Tells files to read from those that need no look, by what they are, not by what they say. */
  #sort({ all }: { all: boolean }): void {
    const [crowd, never, files] = [this.#crowd, this.#never, new Map<number, number>()];
    const known = new Set(this.#open);
    this.#open = [];
    this.#never = new Map();
    this.#crowd = new Set();
    let left = this.#newNames;
    for (const path of this.#folders.paths) {
      const before = never.get(path);
      if (crowd.has(path)) this.#crowd.add(path);
      else if (before !== undefined || known.has(path) || left-- > 0) {
        const now = before?.nameToo && !all ? before : seen(path);
        if (now === null) continue;
        // Only the file itself tells whose it is: any user may write any name.
        const others = files.get(now.uid) ?? 0;
        files.set(now.uid, others + 1);
        if (others >= MOST_FILES_OF_A_USER) this.#crowd.add(path);
        else if (!now.isFile || now.stamp === before?.stamp) this.#never.set(path, before ?? now);
        else this.#open.push(path);
      }
    }
    this.#sortedAtMs = left < 0 ? null : elapsedMs();
  }

  #read(): Claim[] {
    const claims = new Map<string, Claim>();
    const open: string[] = [];
    for (const path of this.#open) {
      const found = readClaim(path, this.#supervisor);
      if (found !== null && "never" in found) {
        this.#never.set(path, this.#lastOf(path, found));
        continue;
      }
      open.push(path);
      const claim = found?.claim;
      if (claim && !claims.has(`${claim.uid} ${claim.id}`)) claims.set(`${claim.uid} ${claim.id}`, claim);
    }
    this.#open = open;
    return [...claims.values()].sort((a, b) => a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1));
  }

  #lastOf(path: string, { never, stamp, uid }: NeverFound): Never {
    const last = { uid, stamp, isFile: true };
    if (never !== "abandoned") return last;
    if (uid === process.getuid?.()) this.#onAbandoned?.(path, stamp);
    return basename(path).startsWith(`${uid}-`) ? { ...last, nameToo: true } : last;
  }
}

const seen = (path: string): Never | null => {
  const stat = statOf(path);
  return stat && { uid: stat.uid, stamp: stampOf(stat), isFile: stat.isFile() };
};

const statOf = (path: string): Stats | null => {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
};
