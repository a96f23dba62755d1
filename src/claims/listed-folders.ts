/**
 * The names in the claims' folders, listed again only when a folder has changed: a claim is published and removed by a
 * change of its folder. Reads only, never throws.
 */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { wallMs } from "../clock.ts";
import { CLAIM_SUFFIX } from "./claim-file.ts";

/** Far more than the kernel's clock for files goes in one step: until then another change may leave the same time. */
const SETTLED_MS = 100;

interface Listed {
  /** Null while the folder may change again under the same times. */
  stamp: string | null;
  paths: string[];
}

/** Claim files that are in place, in a folder; without those whose names begin with `except`. */
export function pathsIn(directory: string, except = "."): string[] {
  try {
    const paths: string[] = [];
    const start = join(directory, "/");
    for (const name of readdirSync(directory))
      if (name.endsWith(CLAIM_SUFFIX) && !name.startsWith(".") && !name.startsWith(except))
        paths.push(start + name);
    return paths;
  } catch {
    return [];
  }
}

export class ListedFolders {
  readonly #directories: string[];
  readonly #listed = new Map<string, Listed>();

  readonly #except: string;

  /** Without files whose names begin with `except`. */
  constructor(directories: string[], except: string) {
    this.#directories = directories;
    this.#except = except;
  }

  /** Lists what has changed since the last look; false when nothing has. */
  look(): boolean {
    let changed = false;
    for (const directory of this.#directories) {
      // Before the list: what is changed meanwhile has another stamp then.
      const stamp = stampOf(directory);
      if (stamp !== null && this.#listed.get(directory)?.stamp === stamp) continue;
      this.#listed.set(directory, { stamp, paths: pathsIn(directory, this.#except) });
      changed = true;
    }
    return changed;
  }

  get paths(): string[] {
    return this.#directories.flatMap((directory) => this.#listed.get(directory)?.paths ?? []);
  }
}

/** Null for one that has changed just now. A folder that isn't there doesn't change. */
function stampOf(directory: string): string | null {
  try {
    const { dev, ino, mtimeNs, ctimeNs, ctimeMs } = lstatSync(directory, { bigint: true });
    return wallMs() - Number(ctimeMs) < SETTLED_MS ? null : `${dev} ${ino} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return "none";
  }
}
