import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { isShutAway, isUnlisted } from "../../src/files/anothers.ts";
import { root, testWith } from "../needs.ts";
import { givenState } from "../runs/given.ts";

const US = 65_534;

testWith(root).each([
  // Of the folder, what lies in it and what is missing there: is it unlisted, is it shut away?
  ["another's, shut", 0, 0o700, [true, true, true], [false, true, true]],
  ["another's, which may be listed and gone through", 0, 0o755, [false, false, false], [false, false, false]],
  ["another's, which may only be gone through", 0, 0o711, [true, false, false], [false, false, false]],
  ["another's, which may only be listed", 0, 0o744, [false, true, true], [false, true, true]],
  ["our own, shut", US, 0o000, [false, false, false], [false, false, false]],
])("of a folder that is %s", (_, owner, mode, unlisted, shutAway) => {
  const state = givenState();
  const folder = join(state, "folder");
  mkdirSync(join(folder, "in/it"), { recursive: true });
  for (let above = join(folder, "in/it"); above !== tmpdir(); above = dirname(above)) chmodSync(above, 0o755);
  chownSync(folder, owner, 0);
  chmodSync(folder, mode);
  const paths = [folder, join(folder, "in/it"), join(folder, "missing")];
  process.seteuid?.(US);
  try {
    // What lies behind a folder that may be gone through is looked at itself.
    expect(paths.map(isUnlisted)).toEqual(unlisted);
    expect(paths.map(isShutAway)).toEqual(shutAway);
  } finally {
    process.seteuid?.(0);
  }
});
