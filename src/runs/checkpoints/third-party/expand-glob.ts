/**
 * What a `checkpoint.glob` matches. Unlike Node's own search it goes through links, since checkpoints often
 * lie on another disk behind one. Behind `**` it doesn't: links may lead in circles.
 */
import { globSync, opendirSync, statSync } from "node:fs";
import { join } from "node:path";
import { absolute } from "../../../config/places.ts";
import { isAbsent } from "../../../contract/system-code.ts";

export interface Match {
  path: string;
  /** Names that the pattern left open, from the last to the first. */
  names: string[];
}

/**
 * `pattern` is relative to `cwd`, absolute, or begins with `~/`. Never throws: what can't be read matches nothing.
 * `unlisted`: gets the folders that are there and can't be listed now, those behind `**` left out.
 */
export function expandGlob(pattern: string, cwd: string, unlisted: string[] = []): Match[] {
  try {
    const { fixed, open } = split(pattern);
    let found: Match[] = [{ path: absolute(fixed, cwd), names: [] }];
    for (const [index, segment] of open.entries()) {
      if (index > 0) found = found.filter(({ path }) => isFolder(path, unlisted));
      if (isOpen(segment)) found = found.filter(({ path }) => mayList(path, unlisted));
      found = found.flatMap((match) => within(match, segment));
    }
    return found;
  } catch {
    // A folder vanished during the search.
    return [];
  }
}

/** The leading part without wildcards, and the rest as one pattern per folder; from `**` on as one. */
function split(pattern: string): { fixed: string; open: string[] } {
  const segments = pattern.split("/");
  const first = segments.findIndex(isOpen);
  if (first === -1) return { fixed: pattern, open: [] };
  const rest = segments.slice(first).filter((segment) => segment !== "");
  const deep = rest.findIndex((segment) => segment.includes("**") || /\{[^}]*$/.test(segment));
  const open = deep === -1 ? rest : [...rest.slice(0, deep), rest.slice(deep).join("/")];
  const fixed = segments.slice(0, first).join("/");
  return { fixed: fixed === "" && pattern.startsWith("/") ? "/" : fixed, open };
}

const isOpen = (segment: string): boolean => /[*?[{(]/.test(segment);

function within({ path, names }: Match, segment: string): Match[] {
  if (!isOpen(segment)) return [{ path: join(path, segment), names }];
  return globSync(segment, { cwd: path }).map((match) => ({
    path: join(path, match),
    names: [...match.split("/").reverse(), ...names],
  }));
}

function isFolder(path: string, unlisted: string[]): boolean {
  return sees(path, unlisted, () => statSync(path).isDirectory());
}

function mayList(folder: string, unlisted: string[]): boolean {
  return sees(folder, unlisted, () => {
    opendirSync(folder).closeSync();
    return true;
  });
}

function sees(path: string, unlisted: string[], look: () => boolean): boolean {
  try {
    return look();
  } catch (error) {
    if (!isAbsent(error)) unlisted.push(path);
    return false;
  }
}
