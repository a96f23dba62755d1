import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { isAnothers } from "../../../../src/runs/checkpoints/third-party/anothers.ts";
import { root, testWith } from "../../../needs.ts";
import { givenState } from "../../given.ts";

const US = 65_534;

testWith(root).each([
  ["another's, shut", 0, 0o700, true],
  ["another's, which may be listed", 0, 0o755, false],
  ["another's, which may only be gone through", 0, 0o711, true],
  ["our own, shut", US, 0o000, false],
])("of a folder that is %s", (_, owner, mode, anothers) => {
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
    expect(paths.map(isAnothers)).toEqual([anothers, anothers && mode === 0o700, anothers && mode === 0o700]);
  } finally {
    process.seteuid?.(0);
  }
});
