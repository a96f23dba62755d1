/** The unit's file: written, replaced and removed only where it is one of ours. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { tilde } from "../../config/project.ts";
import { isGone } from "../../files/is-there.ts";
import { makeFolder } from "../../files/make-folder.ts";
import { Refusal, refusing } from "../../refusal.ts";
import { MARK } from "./unit.ts";

/** One that is there stays as it is until all of the new one is on the disk. Throws Refusal. */
export function writeUnit(path: string, text: string): void {
  mustBeOurs(path);
  refusing(`${tilde(path)} can't be written`, () => {
    makeFolder(dirname(path));
    // systemd takes no file of this name for a unit; the next try writes over it.
    const fresh = `${path}.new`;
    writeFileSync(fresh, text);
    renameSync(fresh, path);
  });
}

/** Throws Refusal. */
export const removeUnit = (path: string): void =>
  refusing(`${tilde(path)} can't be removed`, () => rmSync(path));

/** Throws Refusal where one is there that somebody else has written, or that can't be read. */
export function mustBeOurs(path: string): void {
  if (isGone(path)) return;
  const text = refusing(`${tilde(path)} can't be read`, () => readFileSync(path, "utf8"));
  if (!text.startsWith(MARK))
    throw new Refusal(
      `${tilde(path)} was written by somebody else, and is left as it is. Move it away first.`,
    );
}
