import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { MARK } from "../../../src/cli/service/unit.ts";
import { removeUnit, writeUnit } from "../../../src/cli/service/unit-file.ts";
import { Refusal } from "../../../src/refusal.ts";
import { root, smallDisk, testWith } from "../../needs.ts";
import { givenState } from "../../runs/given.ts";

function refusalOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
  return "none";
}

test("a folder that can't be made is told", () => {
  const folder = join(givenState(), "systemd");
  writeFileSync(folder, "");
  const path = join(folder, "user", "us.service");
  expect(refusalOf(() => writeUnit(path, MARK))).toMatch(`${path} can't be written: ENOTDIR`);
});

testWith(smallDisk)("on a full disk the one before stays whole, and ours", () => {
  const disk = givenState();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", disk]);
  onTestFinished(() => void execFileSync("umount", ["-l", disk]));
  const path = join(disk, "us.service");
  const text = `${MARK}\n`;
  writeUnit(path, text);
  expect(() => writeFileSync(join(disk, "filler"), Buffer.alloc(2_097_152))).toThrow("ENOSPC");
  expect(refusalOf(() => writeUnit(path, `${MARK}\n`.repeat(1000)))).toMatch(
    `${path} can't be written: ENOSPC`,
  );
  expect(readFileSync(path, "utf8")).toBe(text);
});

testWith(root)("one that can't be removed is told", () => {
  const state = givenState();
  const path = join(state, "user", "us.service");
  mkdirSync(dirname(path));
  writeUnit(path, MARK);
  for (let above = dirname(path); above !== tmpdir(); above = dirname(above)) chmodSync(above, 0o755);
  // Root may remove everything, an ordinary user may not.
  process.seteuid?.(65_534);
  try {
    expect(refusalOf(() => removeUnit(path))).toMatch(`${path} can't be removed: EACCES`);
  } finally {
    process.seteuid?.(0);
  }
});
